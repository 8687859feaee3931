/** Which nodes get another state. Compared by identity first: plans share what they did not have to make anew. */
import type { NodePod, NodeState } from "../nodestate.ts";
import { compareText } from "../text.ts";

export interface NodeComparison {
  /** By name, also those that left or joined. */
  readonly changed: readonly string[];
  readonly unchanged: number;
  /** Nodes whose pods, and their classes by name, are the same; what the classes say may differ. */
  readonly withSamePods: ReadonlySet<string>;
}

export function compareNodes(before: readonly NodeState[], after: readonly NodeState[]): NodeComparison {
  const earlier = new Map(before.map((state) => [state.node, state]));
  const same = deepComparer();
  const changed: string[] = [];
  const withSamePods = new Set<string>();
  for (const state of after) {
    const was = earlier.get(state.node);
    earlier.delete(state.node);
    const podsAreSame = was !== undefined && samePods(was.pods, state.pods);
    if (podsAreSame) withSamePods.add(state.node);
    if (!podsAreSame || !sameApartFromPods(was, state, same)) changed.push(state.node);
  }
  const unchanged = after.length - changed.length;
  return { changed: [...changed, ...earlier.keys()].sort(compareText), unchanged, withSamePods };
}

function sameApartFromPods(a: NodeState, b: NodeState, same: Same): boolean {
  return (
    a === b ||
    Object.keys(a).every((key) => key === "pods" || same(a[key as keyof NodeState], b[key as keyof NodeState]))
  );
}

function samePods(a: readonly NodePod[], b: readonly NodePod[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!samePod(a[i] as NodePod, b[i] as NodePod)) return false;
  return true;
}

/** By fields: a cluster has far more pods than anything else. */
function samePod(a: NodePod, b: NodePod): boolean {
  if (a === b) return true;
  if (a.name !== b.name || a.namespace !== b.namespace || a.uid !== b.uid || a.class !== b.class) return false;
  if (a.ips.length !== b.ips.length) return false;
  for (let i = 0; i < a.ips.length; i++) if (a.ips[i] !== b.ips[i]) return false;
  return true;
}

type Same = (a: unknown, b: unknown) => boolean;

/** For plain data. Classes and long lists are one object on all nodes of a plan, so each pair is compared once. */
function deepComparer(): Same {
  const compared = new Map<object, { readonly to: object; readonly same: boolean }>();
  const same: Same = (a, b) => {
    if (a === b) return true;
    if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
    const known = compared.get(a);
    if (known?.to === b) return known.same;
    const equal = Array.isArray(a) && Array.isArray(b) ? sameItems(a, b) : sameFields(a, b);
    compared.set(a, { to: b, same: equal });
    return equal;
  };
  const sameItems = (a: readonly unknown[], b: readonly unknown[]): boolean => {
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) if (!same(a[i], b[i])) return false;
    return true;
  };
  const sameFields = (a: object, b: object): boolean => {
    const keys = Object.keys(a);
    if (keys.length !== Object.keys(b).length) return false;
    return keys.every((key) => same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]));
  };
  return same;
}
