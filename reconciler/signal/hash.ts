import { hash } from "node:crypto";
import type { LeaseOrder, NodeState, SourceNode } from "../../policies/nodestate.ts";

/**
 * Equal states have equal hashes: a plan lists everything in a fixed order, so its JSON text is canonical. The lists that
 * nodes of a plan share grow with the cluster, so each is hashed once and stands for itself in the states.
 */
export function hashState(state: NodeState): string {
  const { podCIDRs, noEgressCIDRs, nodeIPs, destinations, sourceNodes, lease, ...own } = state;
  const shared = [podCIDRs, noEgressCIDRs, nodeIPs, destinations].map(hashList);
  return sha256([own, shared, hashSources(sourceNodes), lease && hashOrder(lease)]).slice(0, 16);
}

function hashOrder({ floatingIPs, gatewayMacs, peers, ...own }: LeaseOrder): string {
  return sha256([own, [floatingIPs, gatewayMacs, peers].map(hashList)]);
}

const sha256 = (value: unknown): string => hash("sha256", JSON.stringify(value));

const hashList = remembering((list: readonly unknown[]) => sha256(list));

const hashSource = remembering((source: SourceNode) => sha256(source));

/** Each gateway has another list of the same entries: itself is not in it. */
const hashSources = remembering((sources: readonly SourceNode[]) => sha256(sources.map(hashSource)));

/** For values that do not change. */
function remembering<T extends object>(hashOf: (value: T) => string): (value: T) => string {
  const known = new WeakMap<T, string>();
  return (value) => {
    const before = known.get(value);
    if (before !== undefined) return before;
    const made = hashOf(value);
    known.set(value, made);
    return made;
  };
}
