/**
 * Pods counted per policy: how many it selects, and how many of them another policy takes from it. Counts may be
 * negative: pods that went are pods that came, the other way round.
 */
import { formatPrefix } from "./addresses.ts";
import type { Selection } from "./classes.ts";
import type { PolicyOutcome, Shadow } from "./model.ts";
import { compareText } from "./text.ts";

/** By how much the numbers of pods with this selection differ. */
export interface PodCount {
  readonly selection: Selection;
  pods: number;
  hostNetworkPods: number;
}

export type Tally = Pick<PolicyOutcome, "selectedPods" | "ignoredHostNetworkPods" | "shadowed">;

/** By policy; only policies whose numbers differ. */
export function tallyPods(counts: Iterable<PodCount>): Map<string, Tally> {
  const tallies = new Map<string, { selectedPods: number; ignoredHostNetworkPods: number; shadows: Shadows }>();
  for (const { selection, pods, hostNetworkPods } of counts) {
    if (pods === 0 && hostNetworkPods === 0) continue;
    for (const { name } of selection.policies) {
      const tally = tallies.get(name) ?? { selectedPods: 0, ignoredHostNetworkPods: 0, shadows: new Map() };
      tally.selectedPods += pods;
      tally.ignoredHostNetworkPods += hostNetworkPods;
      tallies.set(name, tally);
    }
    for (const { loser, winner, prefix } of selection.planned?.losses ?? []) {
      countShadow(tallies.get(loser)?.shadows, winner, formatPrefix(prefix), pods);
    }
  }
  const told = [...tallies].map(
    ([name, { shadows, ...numbers }]) => [name, { ...numbers, shadowed: sort(shadows) }] as const,
  );
  return new Map(
    told.filter(
      ([, tally]) => tally.selectedPods !== 0 || tally.ignoredHostNetworkPods !== 0 || tally.shadowed.length > 0,
    ),
  );
}

/** Shadows that stay as they are keep their identity. */
export function addTally(before: Tally, difference: Tally): Tally {
  return {
    selectedPods: before.selectedPods + difference.selectedPods,
    ignoredHostNetworkPods: before.ignoredHostNetworkPods + difference.ignoredHostNetworkPods,
    shadowed: addShadows(before.shadowed, difference.shadowed),
  };
}

type Shadows = Map<string, { by: string; cidr: string; pods: number }>;

function countShadow(shadows: Shadows | undefined, by: string, cidr: string, pods: number): void {
  const key = `${by} ${cidr}`;
  const shadow = shadows?.get(key);
  if (shadow === undefined) shadows?.set(key, { by, cidr, pods });
  else shadow.pods += pods;
}

function sort(shadows: Shadows): Shadow[] {
  return [...shadows.values()].filter(({ pods }) => pods !== 0).sort(compareShadows);
}

/** Between the differences, whole stretches are copied: a policy for everybody may be shadowed by all others. */
function addShadows(before: readonly Shadow[], differences: readonly Shadow[]): readonly Shadow[] {
  if (differences.length === 0) return before;
  const stretches: (readonly Shadow[])[] = [];
  let rest = 0;
  for (const difference of differences) {
    const at = firstNotBefore(before, difference, rest);
    const [same] = before.slice(at, at + 1).filter((shadow) => compareShadows(shadow, difference) === 0);
    const pods = (same?.pods ?? 0) + difference.pods;
    stretches.push(before.slice(rest, at), pods === 0 ? [] : [{ ...difference, pods }]);
    rest = same === undefined ? at : at + 1;
  }
  return stretches.concat(before.slice(rest)).flat();
}

function firstNotBefore(sorted: readonly Shadow[], shadow: Shadow, from: number): number {
  let [low, high] = [from, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareShadows(sorted[middle] as Shadow, shadow) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareShadows(a: Shadow, b: Shadow): number {
  return compareText(a.by, b.by) || compareText(a.cidr, b.cidr);
}
