/** Every pod of two plans, compared by its class: most pods share the answer of one that was looked at already. */
import { translates } from "../nodeports.ts";
import type { NodePod, NodeState } from "../nodestate.ts";
import { type Connections, type Fate, fateComparer } from "./connections.ts";
import { forEachPair, type Place } from "./pairs.ts";
import { type KnownClass, type Planned, type SourceChange, sourceComparer } from "./sources.ts";

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

/**
 * A pod that only one of the views has is left out: it comes or goes with the cluster, not with a commit.
 * @param withSamePods of `compareNodes`
 */
export function comparePods(before: Planned, after: Planned, withSamePods: ReadonlySet<string>): PodComparison {
  const compare = classComparer(before, after);
  const changed: ChangedPod[] = [];
  const fates = { kept: 0, rerouted: 0, modeChanged: 0, held: 0, reset: 0 };
  let compared = 0;
  /** Where pods and their classes stay, classes are few and tell all. */
  const isSettled = (was: NodeState, is: NodeState) => {
    const settled =
      withSamePods.has(is.node) &&
      is.classes.every(({ key }) => {
        const { changes, fate } = compare(key, was, key, is);
        return changes.length === 0 && fate === "kept";
      });
    if (settled) compared += is.pods.length;
    return settled;
  };
  forEachPair(before, after, isSettled, (was, formerPlace, is, place) => {
    const { changes, fate } = compare(was.class, formerPlace.state, is.class, place.state);
    compared++;
    fates[fate]++;
    if (changes.length === 0) return;
    const possible = changes.filter(({ family }) => hasFamily(is, family));
    if (possible.length > 0) changed.push({ pod: is, before: formerPlace, after: place, changes: possible });
  });
  const { kept: _, ...connections } = fates;
  return { changed, unchanged: compared - changed.length, connections };
}

function hasFamily({ ips }: NodePod, family: 4 | 6): boolean {
  return ips.some((ip) => ip.includes(":") === (family === 6));
}

type CompareClasses = (
  was: string | null,
  before: NodeState | undefined,
  is: string | null,
  after: NodeState | undefined,
) => Comparison;

/** By their keys, and by whether their nodes translate: within a plan, equal keys are equal classes. */
function classComparer(before: Planned, after: Planned): CompareClasses {
  const compareSources = sourceComparer(before, after);
  const compareFates = fateComparer(before.plan, after.plan);
  const answers = [0, 1, 2, 3].map(() => new Map<string | null, Map<string | null, Comparison>>());
  return (was, formerState, is, state) => {
    const known = answers[Number(translates(formerState)) + 2 * Number(translates(state))] as (typeof answers)[number];
    let withFormer = known.get(was);
    if (withFormer === undefined) {
      withFormer = new Map();
      known.set(was, withFormer);
    }
    let comparison = withFormer.get(is);
    if (comparison === undefined) {
      const [former, present] = [knownClass(was, formerState), knownClass(is, state)];
      comparison = { changes: compareSources(former, present), fate: compareFates(former, present) };
      withFormer.set(is, comparison);
    }
    return comparison;
  };
}

function knownClass(key: string | null, state: NodeState | undefined): KnownClass {
  const podClass = key === null ? undefined : state?.classes.find((one) => one.key === key);
  return { podClass, translates: translates(state) };
}
