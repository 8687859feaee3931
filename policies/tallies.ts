/** Pods counted per policy: how many it selects, and how many of them another policy takes from it. */
import { formatPrefix } from "./addresses.ts";
import type { Classify } from "./classes.ts";
import type { Shadow } from "./model.ts";
import type { PodCount } from "./pods.ts";
import { compareText } from "./text.ts";

export interface PodTally {
  readonly selectedPods: number;
  readonly ignoredHostNetworkPods: number;
}

export function tallyPods(counts: readonly PodCount[]): Map<string, PodTally> {
  const tallies = new Map<string, { selectedPods: number; ignoredHostNetworkPods: number }>();
  for (const { selected, pods, hostNetworkPods } of counts) {
    for (const { name } of selected) {
      const tally = tallies.get(name) ?? { selectedPods: 0, ignoredHostNetworkPods: 0 };
      tally.selectedPods += pods;
      tally.ignoredHostNetworkPods += hostNetworkPods;
      tallies.set(name, tally);
    }
  }
  return tallies;
}

export function tallyShadows(counts: readonly PodCount[], classify: Classify): Map<string, Shadow[]> {
  const byLoser = new Map<string, Map<string, { by: string; cidr: string; pods: number }>>();
  for (const { selected, pods } of counts) {
    if (pods === 0) continue;
    for (const { loser, winner, prefix } of classify(selected)?.losses ?? []) {
      const cidr = formatPrefix(prefix);
      const shadows = byLoser.get(loser) ?? new Map();
      const shadow = shadows.get(`${winner} ${cidr}`) ?? { by: winner, cidr, pods: 0 };
      shadow.pods += pods;
      shadows.set(`${winner} ${cidr}`, shadow);
      byLoser.set(loser, shadows);
    }
  }
  const sorted = (shadows: Iterable<Shadow>) =>
    [...shadows].sort((a, b) => compareText(a.by, b.by) || compareText(a.cidr, b.cidr));
  return new Map([...byLoser].map(([loser, shadows]) => [loser, sorted(shadows.values())]));
}
