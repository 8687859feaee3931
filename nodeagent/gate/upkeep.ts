/** Keeps the gate as it should be, whatever somebody else or an earlier run of the agent did to it. */
import { LEASE_CURTAIN_TABLE, LEASE_TABLE } from "../constants.ts";
import { skeletonDrift } from "../diff/skeleton.ts";
import { diffTable } from "../diff/tables.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Nft } from "../kernel/nft/nft.ts";
import { leaseCurtain } from "./curtain.ts";
import {
  floatingElements,
  type GateScope,
  generationElements,
  generationOf,
  guardedElements,
  mineElements,
  NO_GENERATION,
  runElements,
  type SetElements,
} from "./elements.ts";
import { leaseTable } from "./table.ts";
import { ifGeneration } from "./transactions.ts";

/** What this run of the agent has written to the gate. */
export interface Run {
  readonly generation: number;
  /** 128 bits in hexadecimal. */
  readonly key: string;
  /** Surely allowed: not yet what is being added, no longer what is being removed. */
  readonly mine: ReadonlySet<string>;
}

interface Guarded {
  /** As `LeaseGate.guard`. */
  readonly changes: readonly string[];
  /** Before the changes. */
  readonly found: TableState | null;
}

/**
 * One call at a time.
 *
 * @param run `null`: it has not begun
 */
export type Guard = (scope: GateScope, run: Run | null) => Promise<Guarded>;

export function createGuard(nft: Nft): Guard {
  // An earlier run may have ended behind it.
  let curtainMayStand = true;

  async function replace(scope: GateScope, run: Run | null, replaces: boolean): Promise<void> {
    const { underlay } = scope;
    if (replaces) {
      curtainMayStand = true;
      await nft.install(leaseCurtain(underlay), floatingElements(scope));
    }
    await nft.install(leaseTable(underlay), new Map([...guardedElements(scope), ...runSets(run)]));
  }

  return async (scope, run) => {
    const found = await nft.list(LEASE_TABLE);
    const drift = skeletonDrift(leaseTable(scope.underlay), found) ?? runDrift(run, found);
    if (drift !== null) await replace(scope, run, found !== null);
    if (curtainMayStand) await nft.remove(LEASE_CURTAIN_TABLE);
    curtainMayStand = false;
    const installed = `installed table ${LEASE_TABLE.family} ${LEASE_TABLE.name}: ${drift}`;
    return { changes: drift === null ? await updateSets(nft, scope, run, found) : [installed], found };
  };
}

async function updateSets(
  nft: Nft,
  scope: GateScope,
  run: Run | null,
  observed: TableState | null,
): Promise<readonly string[]> {
  const sets = new Map([...guardedElements(scope), ...(run === null ? [] : mineElements([...run.mine]))]);
  const { protect, switchOver, sweep } = diffTable(
    { skeleton: leaseTable(scope.underlay), chains: new Map(), sets },
    observed,
  );
  const all = [...protect, ...switchOver, ...sweep];
  // A run that has not begun may know less than the one before it.
  const changes = run === null ? all.filter(({ step }) => step.do !== "delete-elements") : all;
  const steps = changes.map(({ step }) => step);
  if (steps.length > 0) await nft.apply(run === null ? steps : ifGeneration(run.generation, steps));
  return changes.flatMap(({ says }) => says);
}

/** Of a run that came later nothing is said: it is not disturbed. */
function runDrift(run: Run | null, observed: TableState | null): string | null {
  const seen = observed && generationOf(observed);
  if (seen === null) return "its generation is missing";
  if (run === null || seen > run.generation) return null;
  // Its nft was still at work when this run began.
  if (seen < run.generation) return "it is of an earlier run of the agent";
  const keys = [...(runSets(run).get("key")?.keys() ?? [])];
  return keys.every((key) => observed?.sets.get("key")?.has(key)) ? null : "its key is missing";
}

function runSets(run: Run | null): SetElements {
  if (run === null) return generationElements(NO_GENERATION);
  return new Map([...runElements(run.generation, run.key), ...mineElements([...run.mine])]);
}
