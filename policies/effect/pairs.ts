/** Each pod as it was and as it is. Most are where they were, in the same order; only the others are looked up by name. */
import type { NodePod, NodeState } from "../nodestate.ts";
import type { View } from "../view.ts";
import type { Planned } from "./sources.ts";

/** The node a pod is on; without a state no policy reaches its pods. */
export interface Place {
  readonly node: string;
  readonly state: NodeState | undefined;
}

export interface Placed {
  readonly pod: NodePod;
  readonly place: Place;
}

/** Pods of both views, on a node that at least one of the plans knows. */
export function* pairsOf(before: Planned, after: Planned): Generator<readonly [was: Placed, is: Placed]> {
  const former = new Map(before.plan.nodes.map((state) => [state.node, state]));
  const gone = new Map<string, Placed>();
  const come: Placed[] = [];
  for (const state of after.plan.nodes) {
    yield* pairsOnNode(former.get(state.node), state, gone, come);
    former.delete(state.node);
  }
  for (const state of former.values()) for (const pod of state.pods) leave(gone, pod, state);

  const wasThere = presence(before.view);
  for (const is of come) {
    const was = gone.get(nameOf(is.pod)) ?? (wasThere(is) ? unreached(is) : undefined);
    gone.delete(nameOf(is.pod));
    if (was !== undefined) yield [was, is];
  }
  const isThere = presence(after.view);
  for (const was of gone.values()) if (isThere(was)) yield [was, unreached(was)];
}

function* pairsOnNode(
  former: NodeState | undefined,
  state: NodeState,
  gone: Map<string, Placed>,
  come: Placed[],
): Generator<readonly [was: Placed, is: Placed]> {
  const place = { node: state.node, state };
  const formerPods = former?.pods ?? [];
  const formerPlace = { node: state.node, state: former };
  let next = 0;
  for (const pod of state.pods) {
    while (next < formerPods.length && precedes(formerPods[next] as NodePod, pod)) {
      leave(gone, formerPods[next++] as NodePod, former as NodeState);
    }
    const candidate = formerPods[next];
    if (candidate !== undefined && candidate.name === pod.name && candidate.namespace === pod.namespace) {
      next++;
      yield [
        { pod: candidate, place: formerPlace },
        { pod, place },
      ];
    } else come.push({ pod, place });
  }
  for (const pod of formerPods.slice(next)) leave(gone, pod, former as NodeState);
}

function leave(gone: Map<string, Placed>, pod: NodePod, state: NodeState): void {
  gone.set(nameOf(pod), { pod, place: { node: state.node, state } });
}

/** In a plan that does not know the pod's node nothing selects it. */
function unreached({ pod, place }: Placed): Placed {
  return { pod: { ...pod, class: null }, place: { node: place.node, state: undefined } };
}

/** Looks through the view when first asked. */
function presence({ pods }: View): (placed: Placed) => boolean {
  let names: Set<string> | undefined;
  return ({ pod }) => {
    names ??= new Set(pods.filter(({ ips, hostNetwork }) => ips.length > 0 && !hostNetwork).map(nameOf));
    return names.has(nameOf(pod));
  };
}

function nameOf({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

function precedes(a: NodePod, b: NodePod): boolean {
  return a.namespace === b.namespace ? a.name < b.name : a.namespace < b.namespace;
}
