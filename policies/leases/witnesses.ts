/** Which nodes are witnesses. They stay as long as they can: every change has to be agreed upon by the others. */
import type { Witnesses } from "../model.ts";
import type { Progress } from "../progress.ts";

/** Three bear the loss of one, five of two; fewer nodes than three can bear none. */
const FEW = 3;
const MANY = 5;

function wantedCount(nodes: number): number {
  return nodes >= MANY ? MANY : Math.min(FEW, nodes);
}

/**
 * The first set. Whoever names it must write it down before telling anyone, and never name another one.
 *
 * @param nodes of the cluster, sorted by name
 * @returns undefined until enough nodes have reported: the others are added later
 */
export function firstWitnesses(nodes: readonly string[], progress: Progress): Witnesses | undefined {
  const wanted = wantedCount(nodes.length);
  const members = witnessIds(nodes, progress).slice(0, wanted);
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
): readonly string[] | null {
  const present = new Set(nodes);
  const ids = new Map(nodes.map((node) => [node, progress.get(node)?.report.identity?.witness]));
  const staying = members.filter((member) => {
    const node = nodeOf(member);
    return present.has(node) && (ids.get(node) ?? member) === member;
  });
  const taken = new Set(staying.map(nodeOf));
  const further = witnessIds(
    nodes.filter((node) => !taken.has(node)),
    progress,
  );
  const target = [...staying, ...further].slice(0, Math.max(wantedCount(nodes.length), 1)).sort();
  return target.join(" ") === members.join(" ") ? null : target;
}

export function nodeOf(witness: string): string {
  return witness.slice(0, witness.indexOf("#"));
}

function witnessIds(nodes: readonly string[], progress: Progress): string[] {
  return nodes.flatMap((node) => progress.get(node)?.report.identity?.witness ?? []);
}
