/** Which nodes get another state. Compared by identity first: plans share what they did not have to make anew. */
import type { NodePod, NodeState } from "../nodestate.ts";
import { compareText } from "../text.ts";

export interface NodeComparison {
  /** By name, also those that left or joined. */
  readonly changed: readonly string[];
  readonly unchanged: number;
}

export function compareNodes(before: readonly NodeState[], after: readonly NodeState[]): NodeComparison {
  const earlier = new Map(before.map((state) => [state.node, state]));
  const same = stateComparer();
  const changed: string[] = [];
  for (const state of after) {
    const was = earlier.get(state.node);
    earlier.delete(state.node);
    if (was === undefined || !same(was, state)) changed.push(state.node);
  }
  const unchanged = after.length - changed.length;
  return { changed: [...changed, ...earlier.keys()].sort(compareText), unchanged };
}

type Same = (a: unknown, b: unknown) => boolean;

function stateComparer(): (a: NodeState, b: NodeState) => boolean {
  const same = deepComparer();
  return (a, b) => a === b || (samePods(a.pods, b.pods) && same({ ...a, pods: undefined }, { ...b, pods: undefined }));
}

/** By fields, since a cluster has far more pods than anything else. */
const samePod: { readonly [Field in keyof NodePod]: (a: NodePod, b: NodePod) => boolean } = {
  name: (a, b) => a.name === b.name,
  namespace: (a, b) => a.namespace === b.namespace,
  uid: (a, b) => a.uid === b.uid,
  class: (a, b) => a.class === b.class,
  ips: (a, b) => a.ips.length === b.ips.length && a.ips.every((ip, i) => ip === b.ips[i]),
};
const podComparers = Object.values(samePod);

function samePods(a: readonly NodePod[], b: readonly NodePod[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  return a.every((pod, i) => {
    const other = b[i] as NodePod;
    return pod === other || podComparers.every((same) => same(pod, other));
  });
}

/** For plain data. Long lists are one object on all nodes of a plan, so each pair of arrays is compared once. */
function deepComparer(): Same {
  const compared = new WeakMap<object, { readonly to: object; readonly same: boolean }>();
  const same: Same = (a, b) => {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    const known = compared.get(a);
    if (known?.to === b) return known.same;
    const keys = Object.keys(a);
    const equal =
      keys.length === Object.keys(b).length &&
      keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
    compared.set(a, { to: b, same: equal });
    return equal;
  };
  return same;
}
