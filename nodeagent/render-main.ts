/** What the main table should hold beside its fixed part: the chains of classes and ids, and the elements of all sets. */
import type { EgressId, NodeState } from "../policies/nodestate.ts";
import { FAMILIES, type Family, familyOf, ofFamily, outermostPrefixes } from "./addresses.ts";
import { classChain, classChainName, heldChainName, type IdRole, idChain, idChainName } from "./chains.ts";
import type { Elements } from "./kernel/nft/transaction.ts";
import type { PodAddress } from "./pods/match.ts";
import type { DesiredTable } from "./render.ts";
import { mainTable } from "./skeleton/main.ts";
import { setName } from "./skeleton/words.ts";

export function renderMain(
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
    // Pods before destinations: a node that is filled for the first time holds nobody it will know in an instant.
    sets: new Map<string, Elements>([
      ...perFamily("pods", (family) => podElements(state, pods, family)),
      ["ids", new Map([...idRoles.keys()].map((id) => [String(id), `goto ${idChainName(id)}`]))],
      ["held_ids", new Map(heldIds.map((id) => [String(id), `goto ${heldChainName(id)}`]))],
      ["zones", new Map(heldIds.map((id) => [String(id), String(id)]))],
      ...perFamily("floating_of_id", (family) => floatingOfId(state, family)),
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

function floatingOfId({ held }: NodeState, family: Family): Elements {
  return new Map(held.filter(({ ip }) => familyOf(ip) === family).map(({ id, ip }) => [String(id), ip]));
}

/** An id without a gateway gets the mark of the tunnel, where nothing takes it up: it is held. */
function rolesOfIds(state: NodeState): ReadonlyMap<EgressId, IdRole> {
  const own = new Set(state.gateways.filter(({ underlayIP }) => underlayIP === state.underlayIP).map(({ id }) => id));
  const ids = new Set(state.classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  return new Map([...ids].sort((a, b) => a - b).map((id) => [id, own.has(id) ? "snat" : "tunnel"]));
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
