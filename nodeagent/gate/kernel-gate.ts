/** The lease gate in nftables. */
import { LEASE_TABLE } from "../constants.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Nft } from "../kernel/nft/nft.ts";
import type { Transaction } from "../kernel/nft/transaction.ts";
import { CommandError } from "../kernel/run.ts";
import { type Conflict, conflictsIn, updateConflicts } from "./conflicts.ts";
import { openControl } from "./control.ts";
import { generationOf, mineOf } from "./elements.ts";
import type { LeaseGate } from "./gate.ts";
import { createInOrder } from "./in-order.ts";
import { readLeaseMs } from "./remaining.ts";
import { beginMine, changeMine } from "./transactions.ts";
import { createGuard, type Run } from "./upkeep.ts";

export interface GateParts {
  readonly nft: Nft;
  /** A fresh secret of this run of the agent: 128 bits in hexadecimal. */
  readonly key: string;
  readonly nowMs: () => number;
}

/** @returns why not, when another agent has the port */
export async function openLeaseGate({ nft, key, nowMs }: GateParts): Promise<LeaseGate | string> {
  const control = await openControl(key);
  if (typeof control === "string") return control;
  // An address that is added must not arrive after it was removed.
  const inOrder = createInOrder();
  const guard = createGuard(nft);
  let run: Run | null = null;
  let conflicts: readonly Conflict[] = [];

  async function replaceMine(generation: number, ips: readonly string[]): Promise<boolean> {
    const observed = await nft.list(LEASE_TABLE);
    const seen = observed && generationOf(observed);
    if (seen === null || seen > generation) return false;
    const written = await write(nft, beginMine(seen, generation, key, ips));
    if (written) run = { generation, key, mine: new Set(ips) };
    return written;
  }

  async function change(added: readonly string[], removed: readonly string[]): Promise<boolean> {
    if (run === null) return false;
    const kept: Run = { ...run, mine: new Set([...run.mine].filter((ip) => !removed.includes(ip))) };
    run = kept;
    const written = await write(nft, changeMine(kept.generation, added, removed));
    if (written) run = { ...kept, mine: new Set([...kept.mine, ...added]) };
    return written;
  }

  function note(table: TableState | null): readonly Conflict[] {
    conflicts = updateConflicts(conflicts, table === null ? [] : conflictsIn(table), nowMs());
    return conflicts;
  }

  return {
    guard: (scope) =>
      inOrder(async () => {
        const { changes, found } = await guard(scope, run);
        note(found);
        return changes;
      }),
    replaceMine: (generation, ips) => inOrder(() => replaceMine(generation, ips)),
    changeMine: (added, removed) => inOrder(() => change(added, removed)),
    async readState() {
      const [table, leaseMs] = await Promise.all([nft.list(LEASE_TABLE), readLeaseMs()]);
      return table && { generation: generationOf(table), mine: mineOf(table), leaseMs };
    },
    arm: (number) => control.ask("arm", number),
    refresh: (number) => control.ask("refresh", number),
    park: (number) => control.ask("park", number),
    release: (number) => control.ask("release", number),
    conflicts: async () => note(await nft.list(LEASE_TABLE)),
    knownConflicts: () => conflicts,
    close: control.close,
  };
}

/** A refusal that a successor or a missing gate explains is an answer; anything else is a surprise. */
async function write(nft: Nft, transaction: Transaction): Promise<boolean> {
  try {
    await nft.apply(transaction);
    return true;
  } catch (error) {
    if (error instanceof CommandError && (error.alreadyThere || error.notFound)) return false;
    throw error;
  }
}
