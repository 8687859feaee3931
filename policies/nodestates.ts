/** From the decisions to one NodeState for each node. Lists that are the same on every node are made once and shared. */
import { formatPrefix, mergePrefixes, parseAddress, parseCidrs, prefixOf } from "./addresses.ts";
import type { EffectivePolicy } from "./classes.ts";
import type { ClusterSettings } from "./intent.ts";
import type { Allocation } from "./model.ts";
import { NEVER_ROUTED } from "./neverrouted.ts";
import type { NodePorts } from "./nodeports.ts";
import type { EgressId, Gateway, HeldAddress, NodeState, PodClass } from "./nodestate.ts";
import type { PlacedPod } from "./pods.ts";
import type { Site, Sites } from "./sites.ts";
import { compareText } from "./text.ts";

interface NodeStateInput {
  readonly cluster: ClusterSettings;
  readonly sites: Sites;
  readonly allocations: readonly Allocation[];
  readonly effective: ReadonlyMap<string, EffectivePolicy>;
  readonly ports: NodePorts;
}

export type BuildNodeState = (site: Site, pods: readonly PlacedPod[]) => NodeState | undefined;

/** Undefined for a node without an underlay address. */
export function nodeStateBuilder(input: NodeStateInput): BuildNodeState {
  const { cluster, sites, allocations, effective, ports } = input;
  const everywhere = {
    overlay: cluster.overlay,
    podCIDRs: parseCidrs(cluster.podCIDRs).map(formatPrefix),
    noEgressCIDRs: noEgressCIDRs(cluster, sites, allocations),
    nodeIPs: sites.all.flatMap(({ underlay }) => underlay?.ip ?? []).sort(compareText),
    destinations: mergePrefixes([...effective.values()].flatMap(({ destinations }) => destinations)).map(formatPrefix),
  };
  const held = heldByNode(allocations);
  const gateways = gatewaysById(allocations, sites);
  return ({ name, underlay }, pods) => {
    if (underlay === null) return undefined;
    return {
      node: name,
      underlayIP: underlay.ip,
      mac: underlay.mac,
      ...everywhere,
      held: held.get(name) ?? [],
      gateways: idsOf(pods).flatMap((id) => gateways.get(id) ?? []),
      gatewayMode: ports.gatewayMode ?? "stateful",
      portBlock: ports.blockOf(name),
      sourceNodes: ports.sourceNodesFor(name),
      lease: null,
      classes: classesOf(pods),
      pods: pods.map(({ pod }) => pod),
    };
  };
}

/** Traffic inside the cluster and what is never routed is not redirected, whatever a policy's destinations cover. */
function noEgressCIDRs(cluster: ClusterSettings, sites: Sites, allocations: readonly Allocation[]): string[] {
  const floatingIPs = allocations.flatMap(({ ip }) => parseAddress(ip) ?? []);
  const single = [...sites.all.flatMap(({ addresses }) => addresses), ...floatingIPs];
  const declared = parseCidrs([...cluster.podCIDRs, ...cluster.serviceCIDRs, ...cluster.noEgressCIDRs]);
  const neverRouted = NEVER_ROUTED.map(({ prefix }) => prefix);
  return mergePrefixes([...declared, ...neverRouted, ...single.map((ip) => prefixOf(ip))]).map(formatPrefix);
}

function heldByNode(allocations: readonly Allocation[]): Map<string, HeldAddress[]> {
  const held = new Map<string, HeldAddress[]>();
  for (const { ip, id, node } of allocations) {
    if (node !== null) held.set(node, [...(held.get(node) ?? []), { ip, id }]);
  }
  return held;
}

function gatewaysById(allocations: readonly Allocation[], sites: Sites): Map<EgressId, Gateway> {
  const gateways = new Map<EgressId, Gateway>();
  for (const { id, node } of allocations) {
    const underlay = node === null ? null : (sites.byName.get(node)?.underlay ?? null);
    if (node === null || underlay === null) continue;
    gateways.set(id, { id, node, underlayIP: underlay.ip, mac: underlay.mac });
  }
  return gateways;
}

/** Only ids that this node's own pods use: a node that uses none is not touched when a gateway changes. */
function idsOf(pods: readonly PlacedPod[]): EgressId[] {
  const ids = new Set<EgressId>();
  for (const { planned } of pods) for (const id of planned?.ids ?? []) ids.add(id);
  return [...ids].sort((a, b) => a - b);
}

function classesOf(pods: readonly PlacedPod[]): PodClass[] {
  const classes = new Map<string, PodClass>();
  for (const { planned } of pods) if (planned !== null) classes.set(planned.podClass.key, planned.podClass);
  return [...classes.values()].sort((a, b) => compareText(a.key, b.key));
}
