/** What the kernel of this node should hold: NodeState, the pods' MAC addresses and the devices that are there → objects. */
import type { GatewayMode, NodeState, PortBlock } from "../policies/nodestate.ts";
import { FAMILIES, type Family, familyOf, ofFamily } from "./addresses.ts";
import type { ChainRules } from "./chains.ts";
import {
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
import { renderGateway } from "./render-gateway.ts";
import { floatingElements, renderMain, translatedElements } from "./render-main.ts";
import { overlaySettings, type Setting } from "./settings.ts";
import { guardTable } from "./skeleton/guard.ts";
import { setName } from "./skeleton/words.ts";
import { deviceOf, findUnderlay, uplinkNames } from "./underlay.ts";

export interface DesiredTable {
  readonly skeleton: TableDeclaration;
  /** Chains beside those of the skeleton. */
  readonly chains: ChainRules;
  /** Every set and map whose elements are ours; the others are filled by packets. */
  readonly sets: ReadonlyMap<string, Elements>;
}

interface DesiredFloatingIP {
  readonly ip: string;
  readonly device: string;
  /** MAC address of the device. */
  readonly mac: string;
}

export interface DesiredKernel {
  readonly gatewayMode: GatewayMode;
  readonly portBlock: PortBlock | null;
  /** Families of the pods, the destinations and the floating IPs. */
  readonly families: readonly Family[];
  readonly overlay: VxlanDevice;
  readonly overlaySettings: readonly Setting[];
  readonly floatingIPs: readonly DesiredFloatingIP[];
  /** Adding an address is telling the neighbours; by lease they are told when it opens. */
  readonly announces: boolean;
  readonly forwarding: readonly Forwarding[];
  readonly rules: readonly Rule[];
  /** That the state gives to pods, known or not. */
  readonly podIPs: ReadonlySet<string>;
  readonly main: DesiredTable;
  readonly guard: DesiredTable;
  readonly gateway: DesiredTable;
}

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
  const overlay = overlayDevice(state, underlay.mtu - OVERLAY_OVERHEAD_BYTES[familyOf(state.underlayIP)]);
  const addresses = [...state.podCIDRs, ...state.destinations, ...state.held.map(({ ip }) => ip)];
  const families = FAMILIES.filter((family) => ofFamily(addresses, family).length > 0);
  const floatingIPs = state.held.map(({ ip }) => {
    const { name, mac } = deviceOf(ip, links, underlay);
    return { ip, device: name, mac };
  });
  return {
    gatewayMode: state.gatewayMode,
    portBlock: state.portBlock,
    families,
    overlay,
    overlaySettings: overlaySettings(state.gatewayMode),
    floatingIPs,
    announces: state.lease === null,
    forwarding: forwardingEntries(state),
    rules: families.flatMap(rulesOf),
    podIPs: new Set(state.pods.flatMap(({ ips }) => ips)),
    main: renderMain(state, pods, uplinkNames(links, underlay.name), overlay.mtu),
    guard: {
      skeleton: guardTable(state.gatewayMode),
      chains: new Map(),
      sets: new Map(FAMILIES.flatMap((family) => guardSets(state, family))),
    },
    gateway: renderGateway(state, [
      underlay.name,
      ...possibleFloatingIPs(state).map((ip) => deviceOf(ip, links, underlay).name),
    ]),
  };
}

/** That this node holds, or may come to hold by lease. */
function possibleFloatingIPs({ node, held, lease }: NodeState): readonly string[] {
  const candidacies = lease?.addresses.filter(({ candidates }) => candidates.includes(node)) ?? [];
  return [...held, ...candidacies].map(({ ip }) => ip);
}

function guardSets(state: NodeState, family: Family): readonly (readonly [string, Elements])[] {
  const floating = [setName("floating", family), floatingElements(state, family)] as const;
  if (state.gatewayMode === "stateful") return [floating];
  return [floating, [setName("translated", family), translatedElements(state, family)]];
}

function rulesOf(family: Family): readonly Rule[] {
  const mark = `0x${MARK_TUNNEL.toString(16)}`;
  const common = { family, mark, mask: mark, protocol: ROUTE_PROTOCOL };
  return [
    { ...common, preference: OUTER_RULE_PREFERENCE, iif: "lo", table: "main" },
    { ...common, preference: TUNNEL_RULE_PREFERENCE, iif: null, table: ROUTE_TABLE },
  ];
}

function overlayDevice(state: NodeState, mtu: number): VxlanDevice {
  const { vni, port } = state.overlay;
  return { name: OVERLAY_DEVICE, mac: state.mac, mtu, vni, port, local: state.underlayIP, learning: false, gbp: true };
}

function forwardingEntries(state: NodeState): readonly Forwarding[] {
  // All that may become a gateway, so that a take-over changes one element; and those whose answers come here.
  const all = [...state.gateways, ...(state.lease?.nodes ?? []), ...state.sourceNodes];
  const others = all.filter(({ underlayIP }) => underlayIP !== state.underlayIP);
  return [...new Map(others.map(({ mac, underlayIP }) => [mac, { mac, underlayIP }])).values()];
}
