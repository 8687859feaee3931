/** The lease gate in nftables. */
import { LEASE_CURTAIN_TABLE, LEASE_TABLE } from "../constants.ts";
import { skeletonDrift } from "../diff/skeleton.ts";
import { diffTable } from "../diff/tables.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Nft } from "../kernel/nft/nft.ts";
import type { Transaction } from "../kernel/nft/transaction.ts";
import { CommandError } from "../kernel/run.ts";
import { type Conflict, conflictsIn, updateConflicts } from "./conflicts.ts";
import { openControl } from "./control.ts";
import { leaseCurtain } from "./curtain.ts";
import {
  floatingElements,
  type GateScope,
  generationElements,
  generationOf,
  guardedElements,
  mineElements,
  mineOf,
  NO_GENERATION,
  runElements,
  type SetElements,
} from "./elements.ts";
import type { LeaseGate } from "./gate.ts";
import { createInOrder } from "./in-order.ts";
import { readLeaseMs } from "./remaining.ts";
import { leaseTable } from "./table.ts";
import { beginMine, changeMine, ifGeneration } from "./transactions.ts";

export interface GateParts {
  readonly nft: Nft;
  /** A fresh secret of this run of the agent: 128 bits in hexadecimal. */
  readonly key: string;
  readonly nowMs: () => number;
}

const TABLE = `${LEASE_TABLE.family} ${LEASE_TABLE.name}`;

/** What this run has written to the gate. */
interface Run {
  readonly generation: number;
  /** Surely allowed: not yet what is being added, no longer what is being removed. */
  readonly mine: ReadonlySet<string>;
}

/** @returns why not, when another agent has the port */
export async function openLeaseGate({ nft, key, nowMs }: GateParts): Promise<LeaseGate | string> {
  const control = await openControl(key);
  if (typeof control === "string") return control;
  // An address that is added must not arrive after it was removed.
  const inOrder = createInOrder();
  let run: Run | null = null;
  let curtainMayStand = true;
  let conflicts: readonly Conflict[] = [];

  async function guard(scope: GateScope): Promise<readonly string[]> {
    const observed = await nft.list(LEASE_TABLE);
    const skeleton = leaseTable(scope.underlay);
    const drift = skeletonDrift(skeleton, observed) ?? generationDrift(run, observed);
    if (drift !== null) {
      if (observed !== null) await raiseCurtain(scope);
      await nft.install(skeleton, new Map([...guardedElements(scope), ...runSets(run, key)]));
    }
    if (curtainMayStand) await lowerCurtain();
    return drift === null ? updateScope(scope, observed) : [`installed table ${TABLE}: ${drift}`];
  }

  async function updateScope(scope: GateScope, observed: TableState | null): Promise<readonly string[]> {
    const desired = { skeleton: leaseTable(scope.underlay), chains: new Map(), sets: guardedElements(scope) };
    const { protect, switchOver, sweep } = diffTable(desired, observed);
    const all = [...protect, ...switchOver, ...sweep];
    // A run that has not begun may know less than the one before it.
    const changes = run === null ? all.filter(({ step }) => step.do !== "delete-elements") : all;
    const steps = changes.map(({ step }) => step);
    if (steps.length > 0) await nft.apply(run === null ? steps : ifGeneration(run.generation, steps));
    return changes.flatMap(({ says }) => says);
  }

  async function raiseCurtain(scope: GateScope): Promise<void> {
    curtainMayStand = true;
    await nft.install(leaseCurtain(scope.underlay), floatingElements(scope));
  }

  async function lowerCurtain(): Promise<void> {
    await nft.remove(LEASE_CURTAIN_TABLE);
    curtainMayStand = false;
  }

  async function replaceMine(generation: number, ips: readonly string[]): Promise<boolean> {
    const observed = await nft.list(LEASE_TABLE);
    const seen = observed && generationOf(observed);
    if (seen === null || seen > generation) return false;
    const written = await write(nft, beginMine(seen, generation, key, ips));
    if (written) run = { generation, mine: new Set(ips) };
    return written;
  }

  async function change(added: readonly string[], removed: readonly string[]): Promise<boolean> {
    if (run === null) return false;
    const { generation, mine } = run;
    const kept = new Set([...mine].filter((ip) => !removed.includes(ip)));
    run = { generation, mine: kept };
    const written = await write(nft, changeMine(generation, added, removed));
    if (written) run = { generation, mine: new Set([...kept, ...added]) };
    return written;
  }

  return {
    guard: (scope) => inOrder(() => guard(scope)),
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
    async conflicts() {
      const table = await nft.list(LEASE_TABLE);
      conflicts = updateConflicts(conflicts, table === null ? [] : conflictsIn(table), nowMs());
      return conflicts;
    },
    close: control.close,
  };
}

/** An earlier run, whose nft was still at work, put its own gate there; a later one is not disturbed. */
function generationDrift(run: Run | null, observed: TableState | null): string | null {
  const seen = observed && generationOf(observed);
  if (seen === null) return "its generation is missing";
  return run !== null && seen < run.generation ? "it is of an earlier run of the agent" : null;
}

function runSets(run: Run | null, key: string): SetElements {
  if (run === null) return generationElements(NO_GENERATION);
  return new Map([...runElements(run.generation, key), ...mineElements([...run.mine])]);
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
