import type { Finding } from "../findings.ts";
import type { Intent } from "../intent.ts";
import type { NodePorts } from "../nodeports.ts";
import { BLOCKS_MAX } from "../portblocks.ts";
import type { Sites } from "../sites.ts";
import { listNames } from "../text.ts";
import { finding, groupRef } from "./findings.ts";
import { isDefaultGroup } from "./floatingips.ts";

/** Nodes that stateless gateways do not serve: what policies select there is held. */
export function portFindings({ cluster, groups }: Intent, { all }: Sites, ports: NodePorts): Finding[] {
  if (ports.gatewayMode !== "stateless") return [];
  const nodes = all.flatMap(({ name, underlay }) => (underlay === null ? [] : [name]));
  const without = nodes.filter((node) => ports.blockOf(node) === null);
  const group = groups.find(isDefaultGroup);
  const at = cluster.gatewayMode?.at ?? cluster.at ?? group?.at;
  if (without.length === 0 || at === undefined) return [];
  const object = cluster.at === null && group !== undefined ? groupRef(group) : undefined;
  const { why, fix } = whyNone(nodes.length, ports);
  const message = `what policies select on ${listNames(without)} is held: ${without.length === 1 ? "this node has" : "these nodes have"} no port block, ${why}`;
  return [finding("error", "node-without-port-block", message, fix, at, object)];
}

function whyNone(nodes: number, { blocks }: NodePorts): { why: string; fix: string } {
  if (nodes > BLOCKS_MAX) {
    const why = `since stateless gateways serve at most ${BLOCKS_MAX} nodes, and there are ${nodes}`;
    return { why, fix: "write gateway.mode: stateful, which cuts open connections once, or remove nodes" };
  }
  if (blocks.some(({ retired }) => retired !== null && !retired.mayBeReused)) {
    const why = "and those of nodes that have left are in quarantine";
    return { why, fix: "wait: 10 minutes after a node has left, another one gets its ports" };
  }
  const why = "since nodes that came while the cluster was small have larger ones";
  const fix = "replace such nodes one after the other, each under a new name, or write gateway.mode: stateful";
  return { why, fix };
}
