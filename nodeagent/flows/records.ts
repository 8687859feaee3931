/** Connections as a source node has them, and as the gateway is to have them. */
import type { EgressId, NodeState } from "../../policies/nodestate.ts";
import { familyOf } from "../addresses.ts";
import { isTcpState, TCP, type TranslatedConnection, UDP } from "../kernel/ctnetlink.ts";
import type { Flow } from "../kernel/flows.ts";
import { overlaySource } from "../overlay-source.ts";
import { hasPort } from "../port-block.ts";
import type { FlowRecord, HandedFlows } from "./messages.ts";

/** Those that a gateway would have to know: answered, not about to end, and sent through the overlay. */
export function recordsOf(flows: readonly Flow[], { portBlock }: NodeState): readonly FlowRecord[] {
  if (portBlock === null) return [];
  return flows.flatMap(({ protocol, seenAs, seenAsPort, server, serverPort, tcpState, timeoutS, answered }) => {
    if (!answered || seenAs !== overlaySource(portBlock, familyOf(seenAs))) return [];
    const state = tcpState !== null && isTcpState(tcpState) ? tcpState : null;
    if (protocol === TCP ? state === null : protocol !== UDP) return [];
    return [[protocol, seenAsPort, server, serverPort, state, Math.max(1, timeoutS)] as const];
  });
}

/**
 * Of a sender nothing is believed but connections from its own address and ports.
 *
 * @returns `null` when this node does not hold the address, or does not know the sender's ports: it may yet
 */
export function connectionsOf(
  { held, sourceNodes }: NodeState,
  sender: string,
  { id, flows }: HandedFlows,
): readonly TranslatedConnection[] | null {
  const block = sourceNodes.find(({ node }) => node === sender)?.block;
  const floatingIP = held.find((address) => address.id === id)?.ip;
  if (block === undefined || floatingIP === undefined) return null;
  const family = familyOf(floatingIP);
  return flows.flatMap(([protocol, port, server, serverPort, tcpState, timeoutS]) => {
    if (!hasPort(block, port) || familyOf(server) !== family) return [];
    const source = overlaySource(block, family);
    return [{ protocol, source, server, port, serverPort, floatingIP, zone: id, mark: id, tcpState, timeoutS }];
  });
}

/** Which ids are sent to another node than before, this one excepted. */
export function movedAway(
  before: NodeState,
  after: NodeState,
): readonly { readonly id: EgressId; readonly to: string }[] {
  const nodes = new Map(before.gateways.map(({ id, node }) => [id, node]));
  return after.gateways
    .filter(({ id, node }) => nodes.has(id) && nodes.get(id) !== node && node !== after.node)
    .map(({ id, node }) => ({ id, to: node }));
}
