/** Each pod as it was and as it is. Most are where they were, in the same order; only the others are looked up by name. */
import type { NodePod, NodeState } from "../nodestate.ts";
import type { View } from "../view.ts";
import type { Planned } from "./sources.ts";

/** The node a pod is on; without a state no policy reaches its pods. */
export interface Place {
  readonly node: string;
  readonly state: NodeState | undefined;
}

/** A pod as it was, and as it is. */
type OnPair = (was: NodePod, before: Place, is: NodePod, after: Place) => void;

interface Placed {
  readonly pod: NodePod;
  readonly place: Place;
}

/**
 * Pods of both views, on a node that at least one of the plans knows.
 * @param isSettled that nothing more is to be said of the pods of a node
 */
export function forEachPair(
  before: Planned,
  after: Planned,
  isSettled: (was: NodeState, is: NodeState) => boolean,
  onPair: OnPair,
): void {
  const former = new Map(before.plan.nodes.map((state) => [state.node, state]));
  const gone = new Map<string, Placed>();
  const come: Placed[] = [];
  for (const state of after.plan.nodes) {
    const was = former.get(state.node);
    former.delete(state.node);
    if (was !== undefined && isSettled(was, state)) continue;
    pairOnNode({ node: state.node, state: was }, { node: state.node, state }, { gone, come, onPair });
  }
  for (const state of former.values()) for (const pod of state.pods) leave(gone, pod, { node: state.node, state });

  const wasThere = presence(before.view);
  for (const is of come) {
    const was = gone.get(nameOf(is.pod)) ?? (wasThere(is.pod) ? unreached(is) : undefined);
    gone.delete(nameOf(is.pod));
    if (was !== undefined) onPair(was.pod, was.place, is.pod, is.place);
  }
  const isThere = presence(after.view);
  for (const was of gone.values()) {
    const is = isThere(was.pod) ? unreached(was) : undefined;
    if (is !== undefined) onPair(was.pod, was.place, is.pod, is.place);
  }
}

interface Pairing {
  readonly gone: Map<string, Placed>;
  readonly come: Placed[];
  readonly onPair: OnPair;
}

function pairOnNode(before: Place, after: Place, { gone, come, onPair }: Pairing): void {
  const former = before.state?.pods ?? [];
  let next = 0;
  for (const pod of after.state?.pods ?? []) {
    while (next < former.length && !isSame(former[next] as NodePod, pod) && precedes(former[next] as NodePod, pod)) {
      leave(gone, former[next++] as NodePod, before);
    }
    const candidate = former[next];
    if (candidate !== undefined && isSame(candidate, pod)) {
      next++;
      onPair(candidate, before, pod, after);
    } else come.push({ pod, place: after });
  }
  for (; next < former.length; next++) leave(gone, former[next] as NodePod, before);
}

function leave(gone: Map<string, Placed>, pod: NodePod, place: Place): void {
  gone.set(nameOf(pod), { pod, place });
}

/** In a plan that does not know the pod's node nothing selects it. */
function unreached({ pod, place }: Placed): Placed {
  return { pod: { ...pod, class: null }, place: { node: place.node, state: undefined } };
}

/** Looks through the view when first asked. */
function presence({ pods }: View): (pod: NodePod) => boolean {
  let names: Set<string> | undefined;
  return (pod) => {
    names ??= new Set(pods.filter(({ ips, hostNetwork }) => ips.length > 0 && !hostNetwork).map(nameOf));
    return names.has(nameOf(pod));
  };
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function isSame(a: NodePod, b: NodePod): boolean {
  return a.name === b.name && a.namespace === b.namespace;
}

function precedes(a: NodePod, b: NodePod): boolean {
  return a.namespace === b.namespace ? a.name < b.name : a.namespace < b.namespace;
}
