/** Every pod of two plans, compared by its class: most pods share the answer of one that was looked at already. */
import type { NodePod, PodClass } from "../nodestate.ts";
import { type Connections, type Fate, fateComparer } from "./connections.ts";
import { type Place, type Placed, pairsOf } from "./pairs.ts";
import { type Planned, type SourceChange, sourceComparer, sourcesOf } from "./sources.ts";

export interface ChangedPod {
  readonly pod: NodePod;
  readonly before: Place;
  readonly after: Place;
  /** Not empty; of families the pod has an address of. */
  readonly changes: readonly SourceChange[];
}

export interface PodComparison {
  readonly changed: readonly ChangedPod[];
  readonly unchanged: number;
  /** Pods by what becomes of their connections. */
  readonly connections: Connections;
}

interface Comparison {
  readonly changes: readonly SourceChange[];
  readonly fate: Fate;
}

/** A pod that only one of the views has is left out: it comes or goes with the cluster, not with a commit. */
export function comparePods(before: Planned, after: Planned): PodComparison {
  const compare = classComparer(before, after);
  const changed: ChangedPod[] = [];
  const fates = { kept: 0, rerouted: 0, held: 0, reset: 0 };
  let compared = 0;
  for (const [was, is] of pairsOf(before, after)) {
    const { changes, fate } = compare(was, is);
    compared++;
    fates[fate]++;
    if (changes.length === 0) continue;
    const possible = changes.filter(({ family }) => hasFamily(is.pod, family));
    if (possible.length > 0) changed.push({ pod: is.pod, before: was.place, after: is.place, changes: possible });
  }
  const { reset, held, rerouted } = fates;
  return { changed, unchanged: compared - changed.length, connections: { reset, held, rerouted } };
}

function hasFamily({ ips }: NodePod, family: 4 | 6): boolean {
  return ips.some((ip) => ip.includes(":") === (family === 6));
}

function classComparer(before: Planned, after: Planned): (was: Placed, is: Placed) => Comparison {
  const compareSources = sourceComparer(sourcesOf(before), sourcesOf(after));
  const compareFates = fateComparer(before.plan, after.plan);
  const known = new Map<string | null, Map<string | null, Comparison>>();
  return (was, is) => {
    let withFormer = known.get(was.pod.class);
    if (withFormer === undefined) {
      withFormer = new Map();
      known.set(was.pod.class, withFormer);
    }
    let comparison = withFormer.get(is.pod.class);
    if (comparison === undefined) {
      const [former, present] = [classOf(was), classOf(is)];
      comparison = { changes: compareSources(former, present), fate: compareFates(former, present) };
      withFormer.set(is.pod.class, comparison);
    }
    return comparison;
  };
}

function classOf({ pod, place }: Placed): PodClass | undefined {
  return pod.class === null ? undefined : place.state?.classes.find(({ key }) => key === pod.class);
}
