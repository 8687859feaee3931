/** What the kernel of this node should hold: NodeState, the pods' MAC addresses and the devices that are there → objects. */
import type { EgressId, NodeState } from "../policies/nodestate.ts";
import { type ChainRules, classChain, classChainName, heldChainName, idChain, idChainName } from "./chains.ts";
import { outermostPrefixes } from "./cidr.ts";
import {
  ADDRESS_LABEL_SUFFIX,
  LABEL_LENGTH_MAX,
  MARK_TUNNEL,
  OUTER_RULE_PREFERENCE,
  OVERLAY_DEVICE,
  OVERLAY_OVERHEAD_BYTES,
  ROUTE_PROTOCOL,
  ROUTE_TABLE,
  TUNNEL_RULE_PREFERENCE,
} from "./constants.ts";
import type { Forwarding, Link, Rule, VxlanDevice } from "./kernel/ip.ts";
import type { TableDeclaration } from "./kernel/nft/declaration.ts";
import type { Elements } from "./kernel/nft/transaction.ts";
import type { PodAddress } from "./pods/match.ts";
import { gatewayTable, guardTable, mainTable } from "./skeleton.ts";

export interface DesiredTable {
  readonly skeleton: TableDeclaration;
  /** Chains beside those of the skeleton. */
  readonly chains: ChainRules;
  /** Every set and map whose elements are ours; the others are filled by packets. */
  readonly sets: ReadonlyMap<string, Elements>;
}

export interface DesiredKernel {
  readonly underlay: string;
  readonly overlay: VxlanDevice;
  /** Floating IPs and the label that tells them from other addresses. */
  readonly floatingIPs: readonly string[];
  readonly addressLabel: string;
  readonly forwarding: readonly Forwarding[];
  readonly rules: readonly Rule[];
  readonly main: DesiredTable;
  readonly guard: DesiredTable;
  readonly gateway: DesiredTable;
}

/** A lack that makes rendering impossible, as one line. */
export class UnderlayError extends Error {}

/**
 * @param interfaceName underlay interface; `null`: the one that carries the state's underlay address
 * @throws UnderlayError when there is no such interface, or its name leaves no room for the label
 */
export function render(
  state: NodeState,
  pods: readonly PodAddress[],
  links: readonly Link[],
  interfaceName: string | null,
): DesiredKernel {
  const underlay = findUnderlay(links, state.underlayIP, interfaceName);
  const overlay = overlayDevice(state, underlay.mtu - OVERLAY_OVERHEAD_BYTES);
  return {
    underlay: underlay.name,
    overlay,
    floatingIPs: state.held.map(({ ip }) => ip),
    addressLabel: `${underlay.name}${ADDRESS_LABEL_SUFFIX}`,
    forwarding: forwardingEntries(state),
    rules: desiredRules,
    main: renderMain(state, pods, uplinkNames(links, underlay.name), overlay.mtu),
    guard: {
      skeleton: guardTable(),
      chains: new Map(),
      sets: new Map([["floating", keys(state.held.map(({ ip }) => ip))]]),
    },
    gateway: {
      skeleton: gatewayTable(),
      chains: new Map(),
      sets: new Map([["gateways", new Map(state.gateways.map(({ id, mac }) => [String(id), mac]))]]),
    },
  };
}

const desiredRules: readonly Rule[] = [
  rule({ preference: OUTER_RULE_PREFERENCE, iif: "lo", table: "main" }),
  rule({ preference: TUNNEL_RULE_PREFERENCE, iif: null, table: ROUTE_TABLE }),
];

function rule(part: Pick<Rule, "preference" | "iif" | "table">): Rule {
  const mark = `0x${MARK_TUNNEL.toString(16)}`;
  return { ...part, mark, mask: mark, protocol: ROUTE_PROTOCOL };
}

function findUnderlay(links: readonly Link[], underlayIP: string, interfaceName: string | null): Link {
  const underlay = links.find(({ name, addresses }) =>
    interfaceName === null ? addresses.some(({ ip }) => ip === underlayIP) : name === interfaceName,
  );
  if (underlay === undefined) {
    throw new UnderlayError(
      interfaceName === null
        ? `no interface carries this node's address ${underlayIP}: name the interface with --interface`
        : `interface ${interfaceName} does not exist`,
    );
  }
  const longest = LABEL_LENGTH_MAX - ADDRESS_LABEL_SUFFIX.length;
  if (underlay.name.length > longest) {
    throw new UnderlayError(
      `interface name ${underlay.name} is longer than ${longest} characters: no room for a label`,
    );
  }
  return underlay;
}

function overlayDevice(state: NodeState, mtu: number): VxlanDevice {
  const { vni, port } = state.overlay;
  return { name: OVERLAY_DEVICE, mac: state.mac, mtu, vni, port, local: state.underlayIP, learning: false, gbp: true };
}

function forwardingEntries(state: NodeState): readonly Forwarding[] {
  const others = state.gateways.filter(({ underlayIP }) => underlayIP !== state.underlayIP);
  return [...new Map(others.map(({ mac, underlayIP }) => [mac, { mac, underlayIP }])).values()];
}

/**
 * Devices that pods do not send through: the underlay, physical devices and those of tunnels, with which CNI plugins join
 * the nodes. A device that is missing here is harmless: unknown pods of other nodes are then held, not let through.
 */
function uplinkNames(links: readonly Link[], underlay: string): readonly string[] {
  const uplinks = links.filter(({ name, kind }) => name === underlay || kind === null || UPLINK_KINDS.has(kind));
  return uplinks.map(({ name }) => name).filter((name) => name !== OVERLAY_DEVICE);
}

const UPLINK_KINDS = new Set(
  "bond gre gretap ip6gre ip6gretap ip6tnl ipip geneve sit team vlan vxlan wireguard xfrm".split(" "),
);

function renderMain(
  state: NodeState,
  pods: readonly PodAddress[],
  uplinks: readonly string[],
  overlayMtu: number,
): DesiredTable {
  const heldIds = state.held.map(({ id }) => id);
  const idRoles = rolesOfIds(state);
  return {
    skeleton: mainTable({ overlayPort: state.overlay.port, overlayMtu }),
    chains: new Map([
      ...[...idRoles].map(([id, role]) => [idChainName(id), idChain(id, role)] as const),
      ...heldIds.map((id) => [heldChainName(id), idChain(id, "snat")] as const),
      ...classesInUse(state, pods).map((podClass) => [classChainName(podClass), classChain(podClass)] as const),
    ]),
    sets: new Map<string, Elements>([
      ["pods", podElements(state, pods)],
      ["ids", new Map([...idRoles.keys()].map((id) => [String(id), `goto ${idChainName(id)}`]))],
      ["held_ids", new Map(heldIds.map((id) => [String(id), `goto ${heldChainName(id)}`]))],
      ["floating_of_id", new Map(state.held.map(({ id, ip }) => [String(id), ip]))],
      ["floating", keys(state.held.map(({ ip }) => ip))],
      ["destinations", keys(outermostPrefixes(state.destinations))],
      ["no_egress", keys(outermostPrefixes(state.noEgressCIDRs))],
      ["pod_cidrs", keys(outermostPrefixes(state.podCIDRs))],
      ["uplinks", keys(uplinks)],
      ["nodes", keys(state.nodeIPs)],
    ]),
  };
}

/** An id without a gateway gets the mark of the tunnel, where nothing takes it up: it is held. */
function rolesOfIds(state: NodeState): ReadonlyMap<EgressId, "tunnel" | "snat"> {
  const own = new Set(state.gateways.filter(({ underlayIP }) => underlayIP === state.underlayIP).map(({ id }) => id));
  const ids = new Set(state.classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  return new Map([...ids].sort((a, b) => a - b).map((id) => [id, own.has(id) ? "snat" : "tunnel"]));
}

function classesInUse(state: NodeState, pods: readonly PodAddress[]): readonly NodeState["classes"][number][] {
  const used = new Set(pods.map(({ pod }) => pod.class));
  return state.classes.filter(({ key }) => used.has(key));
}

function podElements(state: NodeState, pods: readonly PodAddress[]): Elements {
  const verdicts = new Map(state.classes.map((podClass) => [podClass.key, `goto ${classChainName(podClass)}`]));
  return new Map(
    pods.map(({ pod, ip, mac }) => [
      `${ip} . ${mac}`,
      pod.class === null ? "return" : (verdicts.get(pod.class) ?? "drop"),
    ]),
  );
}

function keys(names: readonly string[]): Elements {
  return new Map(names.map((name) => [name, ""]));
}
