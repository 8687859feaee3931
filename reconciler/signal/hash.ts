import { hash } from "node:crypto";
import type { LeaseOrder, NodeState } from "../../policies/nodestate.ts";

const listHashes = new WeakMap<readonly unknown[], string>();

/**
 * Equal states have equal hashes: a plan lists everything in a fixed order, so its JSON text is canonical. The lists that
 * all nodes of a plan share grow with the cluster, so each is hashed once and stands for itself in the states.
 */
export function hashState({ podCIDRs, noEgressCIDRs, nodeIPs, destinations, lease, ...own }: NodeState): string {
  const shared = [podCIDRs, noEgressCIDRs, nodeIPs, destinations].map(hashList);
  return sha256([own, shared, lease && hashOrder(lease)]).slice(0, 16);
}

function hashOrder({ floatingIPs, gatewayMacs, peers, ...own }: LeaseOrder): string {
  return sha256([own, [floatingIPs, gatewayMacs, peers].map(hashList)]);
}

function hashList(list: readonly unknown[]): string {
  const known = listHashes.get(list);
  if (known !== undefined) return known;
  const made = sha256(list);
  listHashes.set(list, made);
  return made;
}

const sha256 = (value: unknown): string => hash("sha256", JSON.stringify(value));
