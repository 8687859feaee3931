/** What the main table should hold beside its fixed part: the chains of classes and ids, and the elements of all sets. */
import type { EgressId, HeldAddress, NodeState } from "../policies/nodestate.ts";
import { FAMILIES, type Family, familyOf, ofFamily, outermostPrefixes } from "./addresses.ts";
import { classChain, classChainName, heldChainName, type IdRole, idChain, idChainName } from "./chains.ts";
import type { Elements } from "./kernel/nft/transaction.ts";
import type { PodAddress } from "./pods/match.ts";
import type { DesiredTable } from "./render.ts";
import { mainTable } from "./skeleton/main.ts";
import { NUMBERED_PROTOCOLS } from "./skeleton/translate.ts";
import { setName } from "./skeleton/words.ts";

export function renderMain(
  state: NodeState,
  pods: readonly PodAddress[],
  uplinks: readonly string[],
  overlayMtu: number,
): DesiredTable {
  const { gatewayMode, portBlock } = state;
  // When stateless, a gateway has nothing to do with what it passes on.
  const heldIds = gatewayMode === "stateful" ? state.held.map(({ id }) => id) : [];
  const idRoles = rolesOfIds(state);
  return {
    skeleton: mainTable({ overlayPort: state.overlay.port, overlayMtu, gatewayMode, portBlock }),
    chains: new Map([
      ...[...idRoles].map(([id, role]) => [idChainName(id), idChain(id, role)] as const),
      ...heldIds.map((id) => [heldChainName(id), idChain(id, "snat")] as const),
      ...classesInUse(state, pods).map((podClass) => [classChainName(podClass), classChain(podClass)] as const),
    ]),
    // Pods before destinations: a node that is filled for the first time holds nobody it will know in an instant.
    sets: new Map<string, Elements>([
      ...perFamily("pods", (family) => podElements(state, pods, family)),
      ["ids", new Map([...idRoles.keys()].map((id) => [String(id), `goto ${idChainName(id)}`]))],
      ["held_ids", new Map(heldIds.map((id) => [String(id), `goto ${heldChainName(id)}`]))],
      ["zones", new Map(heldIds.map((id) => [String(id), String(id)]))],
      ...perFamily("floating_of_id", (family) => floatingOfId(state, family)),
      ...(gatewayMode === "stateless" ? statelessSets(state) : []),
      ...perFamily("floating", (family) => floatingElements(state, family)),
      ...perFamily("destinations", (family) => prefixes(state.destinations, family)),
      ...perFamily("no_egress", (family) => prefixes(state.noEgressCIDRs, family)),
      ...perFamily("pod_cidrs", (family) => prefixes(state.podCIDRs, family)),
      ["uplinks", keys(uplinks)],
      ...perFamily("nodes", (family) => keys(ofFamily(state.nodeIPs, family))),
    ]),
  };
}

export function floatingElements({ held }: NodeState, family: Family): Elements {
  return keys(
    ofFamily(
      held.map(({ ip }) => ip),
      family,
    ),
  );
}

function perFamily(name: string, elements: (family: Family) => Elements): readonly (readonly [string, Elements])[] {
  return FAMILIES.map((family) => [setName(name, family), elements(family)] as const);
}

/** Where it is translated: on the gateway those that it holds, on the pods' node those that these use. */
function floatingOfId(state: NodeState, family: Family): Elements {
  const addresses = state.gatewayMode === "stateful" ? state.held : addressesInUse(state);
  return new Map(addresses.filter(({ ip }) => familyOf(ip) === family).map(({ id, ip }) => [String(id), ip]));
}

function statelessSets({ held }: NodeState): readonly (readonly [string, Elements])[] {
  return [
    ["numbered", keys(NUMBERED_PROTOCOLS)],
    ...perFamily("served", (family) =>
      keys(held.filter(({ ip }) => familyOf(ip) === family).map(({ id, ip }) => `${id} . ${ip}`)),
    ),
  ];
}

/** Of the ids that pods of this node use. */
function addressesInUse(state: NodeState): readonly HeldAddress[] {
  const used = idsInUse(state);
  const known = new Map([...(state.lease?.addresses ?? []), ...state.held].map(({ id, ip }) => [id, { id, ip }]));
  return [...known.values()].filter(({ id }) => used.has(id));
}

/** Floating IPs that packets of this node's pods leave with. */
export function translatedElements(state: NodeState, family: Family): Elements {
  return keys(
    ofFamily(
      addressesInUse(state).map(({ ip }) => ip),
      family,
    ),
  );
}

function idsInUse({ classes }: NodeState): ReadonlySet<EgressId> {
  return new Set(classes.flatMap(({ rules }) => rules.filter(({ nodeIP }) => !nodeIP).map(({ id }) => id)));
}

/** An id without a gateway gets the mark of the tunnel, where nothing takes it up: it is held. */
function rolesOfIds(state: NodeState): ReadonlyMap<EgressId, IdRole> {
  const own = new Set(state.gateways.filter(({ underlayIP }) => underlayIP === state.underlayIP).map(({ id }) => id));
  return new Map([...idsInUse(state)].sort((a, b) => a - b).map((id) => [id, own.has(id) ? "snat" : "tunnel"]));
}

function classesInUse(state: NodeState, pods: readonly PodAddress[]): readonly NodeState["classes"][number][] {
  const used = new Set(pods.map(({ pod }) => pod.class));
  return state.classes.filter(({ key }) => used.has(key));
}

function podElements(state: NodeState, pods: readonly PodAddress[], family: Family): Elements {
  const verdicts = new Map(state.classes.map((podClass) => [podClass.key, `goto ${classChainName(podClass)}`]));
  return new Map(
    pods
      .filter(({ ip }) => familyOf(ip) === family)
      .map(({ pod, ip, mac }) => [
        `${ip} . ${mac}`,
        pod.class === null ? "return" : (verdicts.get(pod.class) ?? "drop"),
      ]),
  );
}

function prefixes(cidrs: readonly string[], family: Family): Elements {
  return keys(outermostPrefixes(ofFamily(cidrs, family)));
}

function keys(names: readonly string[]): Elements {
  return new Map(names.map((name) => [name, ""]));
}
