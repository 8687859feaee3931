/** Every pod of two plans, compared by its class: most pods share the answer of one that was looked at already. */
import type { NodePod, NodeState, PodClass } from "../nodestate.ts";
import { type Connections, type Fate, fateComparer } from "./connections.ts";
import { type Planned, type SourceChange, sourceComparer, sourcesOf } from "./sources.ts";

export interface ChangedPod {
  readonly pod: NodePod;
  readonly node: { readonly before: NodeState; readonly after: NodeState };
  /** Not empty; of families the pod has an address of. */
  readonly changes: readonly SourceChange[];
}

export interface PodComparison {
  readonly changed: readonly ChangedPod[];
  /** Pods by what becomes of their connections. */
  readonly connections: Connections;
}

interface Comparison {
  readonly changes: readonly SourceChange[];
  readonly fate: Fate;
}

type CompareClasses = (was: NodePod, before: NodeState, is: NodePod, after: NodeState) => Comparison;

/** Pods that only one of the plans knows are left out: they come and go with the cluster, not with a commit. */
export function comparePods(before: Planned, after: Planned): PodComparison {
  const compare = classComparer(before, after);
  const changed: ChangedPod[] = [];
  const connections = { kept: 0, rerouted: 0, held: 0, reset: 0 };
  forEachPair(before.plan.nodes, after.plan.nodes, (was, earlier, is, now) => {
    const { changes, fate } = compare(was, earlier, is, now);
    connections[fate]++;
    if (changes.length === 0) return;
    const possible = changes.filter(({ family }) => hasFamily(is, family));
    if (possible.length > 0) changed.push({ pod: is, node: { before: earlier, after: now }, changes: possible });
  });
  const { reset, held, rerouted } = connections;
  return { changed, connections: { reset, held, rerouted } };
}

function hasFamily({ ips }: NodePod, family: 4 | 6): boolean {
  return ips.some((ip) => ip.includes(":") === (family === 6));
}

function classComparer(before: Planned, after: Planned): CompareClasses {
  const compareSources = sourceComparer(sourcesOf(before), sourcesOf(after));
  const compareFates = fateComparer(before.plan, after.plan);
  const known = new Map<string | null, Map<string | null, Comparison>>();
  return (was, earlier, is, now) => {
    let withFormer = known.get(was.class);
    if (withFormer === undefined) {
      withFormer = new Map();
      known.set(was.class, withFormer);
    }
    let comparison = withFormer.get(is.class);
    if (comparison === undefined) {
      const [former, present] = [classOf(was, earlier), classOf(is, now)];
      comparison = { changes: compareSources(former, present), fate: compareFates(former, present) };
      withFormer.set(is.class, comparison);
    }
    return comparison;
  };
}

function classOf({ class: key }: NodePod, { classes }: NodeState): PodClass | undefined {
  return key === null ? undefined : classes.find((one) => one.key === key);
}

type OnPair = (was: NodePod, before: NodeState, is: NodePod, after: NodeState) => void;

/** Most pods are where they were, in the same order; only the others are looked up by name. */
function forEachPair(before: readonly NodeState[], after: readonly NodeState[], onPair: OnPair): void {
  const earlier = new Map(before.map((state) => [state.node, state]));
  const strays: { readonly pod: NodePod; readonly state: NodeState }[] = [];
  const left = new Map<string, { readonly pod: NodePod; readonly state: NodeState }>();
  for (const state of after) {
    const was = earlier.get(state.node);
    earlier.delete(state.node);
    const formerPods = was?.pods ?? [];
    let next = 0;
    for (const pod of state.pods) {
      while (next < formerPods.length && precedes(formerPods[next] as NodePod, pod)) {
        leave(formerPods[next++] as NodePod, was as NodeState);
      }
      const former = formerPods[next];
      if (former !== undefined && former.name === pod.name && former.namespace === pod.namespace) {
        next++;
        onPair(former, was as NodeState, pod, state);
      } else strays.push({ pod, state });
    }
    for (const former of formerPods.slice(next)) leave(former, was as NodeState);
  }
  for (const state of earlier.values()) for (const pod of state.pods) leave(pod, state);
  for (const { pod, state } of strays) {
    const former = left.get(nameOf(pod));
    if (former !== undefined) onPair(former.pod, former.state, pod, state);
  }

  function leave(pod: NodePod, state: NodeState): void {
    left.set(nameOf(pod), { pod, state });
  }
}

function nameOf({ namespace, name }: NodePod): string {
  return `${namespace}/${name}`;
}

function precedes(a: NodePod, b: NodePod): boolean {
  return a.namespace === b.namespace ? a.name < b.name : a.namespace < b.namespace;
}
