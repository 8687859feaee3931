/** Messages at the door: a peer of another version, or one that somebody got into, may say anything. */
import { isCanonicalAddress } from "../addresses.ts";
import { ID_MASK } from "../constants.ts";
import { isTcpState, TCP, UDP } from "../kernel/ctnetlink.ts";
import { FLOWS_MAX, type FlowRecord, type FlowsAnswer, type HandedFlows } from "./messages.ts";

/** Five days, conntrack's own limit for an established connection (nf_conntrack_tcp_timeout_established). */
const TIMEOUT_MOST_S = 432_000;
const PORT_MOST = 65_535;

/** @returns `null` when it is neither */
export function parseFlowsMessage(value: unknown): HandedFlows | FlowsAnswer | null {
  if (typeof value !== "object" || value === null) return null;
  const { type, id, batch, flows } = value as Readonly<Record<string, unknown>>;
  if (!isWithin(batch, Number.MAX_SAFE_INTEGER)) return null;
  if (type === "flows-answer") return { type, batch };
  return type === "flows" && isWithin(id, ID_MASK) && isFlows(flows) ? { type, id, batch, flows } : null;
}

function isWithin(value: unknown, most: number): value is number {
  return Number.isSafeInteger(value) && Number(value) > 0 && Number(value) <= most;
}

function isFlows(value: unknown): value is readonly FlowRecord[] {
  return Array.isArray(value) && value.length <= FLOWS_MAX && value.every(isFlow);
}

function isFlow(value: unknown): boolean {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [protocol, port, server, serverPort, tcpState, timeoutS] = value;
  const isOfProtocol =
    protocol === TCP ? typeof tcpState === "string" && isTcpState(tcpState) : protocol === UDP && tcpState === null;
  return (
    isOfProtocol &&
    isWithin(port, PORT_MOST) &&
    typeof server === "string" &&
    isCanonicalAddress(server) &&
    isWithin(serverPort, PORT_MOST) &&
    isWithin(timeoutS, TIMEOUT_MOST_S)
  );
}
