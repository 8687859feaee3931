/** Which nodes are witnesses. They stay as long as they can: every change has to be agreed upon by the others. */
import type { Witnesses } from "../model.ts";
import type { Progress } from "../progress.ts";

/** Three bear the loss of one, five of two. Two nodes can bear none, so the reconciler is their third. */
const FEW = 3;
const MANY = 5;
const HELPED = 2;

function wantedCount(eligible: number): number {
  return eligible >= MANY ? MANY : Math.min(FEW, eligible);
}

/**
 * The first set. Whoever names it must write it down before telling anyone, and never name another one.
 *
 * @param nodes of the cluster, sorted by name
 * @param reconciler its name as a witness: another one with each start; null: it is none
 * @returns undefined until enough nodes have reported: the others are added later
 */
export function firstWitnesses(
  nodes: readonly string[],
  progress: Progress,
  reconciler: string | null = null,
): Witnesses | undefined {
  const helpers = helpersOf(nodes, reconciler);
  const wanted = wantedCount(nodes.length + helpers.length);
  const members = [...witnessIds(nodes, progress), ...helpers].slice(0, wanted);
  if (members.length === 0 || members.length <= Math.floor(wanted / 2)) return undefined;
  return { version: 1, members: members.sort() };
}

/**
 * Where the set should go, `null` when it is there. A member is replaced when its node has left the cluster or lost its
 * disk, not when it is merely silent.
 */
export function targetWitnesses(
  { members }: Witnesses,
  nodes: readonly string[],
  progress: Progress,
  reconciler: string | null = null,
): readonly string[] | null {
  const helpers = helpersOf(nodes, reconciler);
  const present = new Set([...nodes, ...helpers.map(nodeOf)]);
  const ids = new Map([
    ...nodes.map((node) => [node, progress.get(node)?.report.identity?.witness] as const),
    ...helpers.map((helper) => [nodeOf(helper), helper] as const),
  ]);
  const staying = members.filter((member) => {
    const node = nodeOf(member);
    return present.has(node) && (ids.get(node) ?? member) === member;
  });
  const taken = new Set(staying.map(nodeOf));
  const further = witnessIds(
    nodes.filter((node) => !taken.has(node)),
    progress,
  );
  const newHelpers = helpers.filter((helper) => !staying.includes(helper));
  const most = Math.max(wantedCount(nodes.length + helpers.length), 1);
  const target = [...staying, ...further, ...newHelpers].slice(0, most).sort();
  return target.join(" ") === members.join(" ") ? null : target;
}

export function nodeOf(witness: string): string {
  return witness.slice(0, witness.indexOf("#"));
}

function helpersOf(nodes: readonly string[], reconciler: string | null): readonly string[] {
  return nodes.length === HELPED && reconciler !== null ? [reconciler] : [];
}

function witnessIds(nodes: readonly string[], progress: Progress): string[] {
  return nodes.flatMap((node) => progress.get(node)?.report.identity?.witness ?? []);
}
