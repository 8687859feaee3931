/** From the decisions to one NodeState for each node. Lists that are the same on every node are made once and shared. */
import { type Address, formatPrefix, mergePrefixes, parseAddress, prefixOf } from "./addresses.ts";
import type { EffectivePolicy } from "./classes.ts";
import type { ClusterSettings, IpAddress } from "./intent.ts";
import type { Allocation } from "./model.ts";
import type { EgressId, Gateway, HeldAddress, NodeState, PodClass } from "./nodestate.ts";
import type { PlacedPod } from "./pods.ts";
import { parseIPv4Cidrs, type Site, type Sites } from "./sites.ts";
import { compareText } from "./text.ts";

export interface NodeStateInput {
  readonly cluster: ClusterSettings;
  readonly sites: Sites;
  readonly allocations: readonly Allocation[];
  readonly effective: ReadonlyMap<string, EffectivePolicy>;
  readonly podsByNode: ReadonlyMap<string, readonly PlacedPod[]>;
}

export type BuildNodeState = (site: Site, pods: readonly PlacedPod[]) => NodeState | undefined;

/** Undefined for a node without an underlay address. */
export function nodeStateBuilder({
  cluster,
  sites,
  allocations,
  effective,
}: Omit<NodeStateInput, "podsByNode">): BuildNodeState {
  const everywhere = {
    overlay: cluster.overlay,
    podCIDRs: parseIPv4Cidrs(cluster.podCIDRs).map(formatPrefix),
    noEgressCIDRs: noEgressCIDRs(cluster, sites, allocations),
    nodeIPs: sites.all.flatMap(({ underlayIP }) => underlayIP ?? []).sort(compareText),
    destinations: mergePrefixes([...effective.values()].flatMap(({ destinations }) => destinations)).map(formatPrefix),
  };
  const held = heldByNode(allocations);
  const gateways = gatewaysById(allocations, sites);
  return ({ name, underlayIP }, pods) => {
    if (underlayIP === null) return undefined;
    return {
      node: name,
      underlayIP,
      mac: overlayMac(underlayIP),
      ...everywhere,
      held: held.get(name) ?? [],
      gateways: idsOf(pods).flatMap((id) => gateways.get(id) ?? []),
      classes: classesOf(pods),
      pods: pods.map(({ pod }) => pod),
    };
  };
}

/**
 * MAC of a node's overlay device: 02:e9 and the four bytes of its underlay address. The second bit of 02 marks it as
 * locally administered (IEEE 802), and no table is needed to know another node's.
 */
function overlayMac(underlayIP: IpAddress): string {
  const bytes = underlayIP.split(".").map((part) => Number(part).toString(16).padStart(2, "0"));
  return ["02", "e9", ...bytes].join(":");
}

/** In-cluster traffic is never redirected, whatever a policy's destinations cover. */
function noEgressCIDRs(cluster: ClusterSettings, sites: Sites, allocations: readonly Allocation[]): string[] {
  const floatingIPs = allocations.map(({ ip }) => parseAddress(ip)).filter((ip): ip is Address => ip !== undefined);
  const single = [...sites.all.flatMap(({ addresses }) => addresses), ...floatingIPs];
  const declared = parseIPv4Cidrs([...cluster.podCIDRs, ...cluster.serviceCIDRs, ...cluster.noEgressCIDRs]);
  return mergePrefixes([...declared, ...single.map((ip) => prefixOf(ip))]).map(formatPrefix);
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
    const underlayIP = node === null ? null : (sites.byName.get(node)?.underlayIP ?? null);
    if (node === null || underlayIP === null) continue;
    gateways.set(id, { id, node, underlayIP, mac: overlayMac(underlayIP) });
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
  const classes = new Set<PodClass>();
  for (const { planned } of pods) if (planned !== null) classes.add(planned.podClass);
  return [...classes].sort((a, b) => compareText(a.key, b.key));
}
