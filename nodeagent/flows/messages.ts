/**
 * What a source node tells a stateful gateway that takes over an address: the connections that its pods have under it.
 * The transport proves who sends; it may lose, delay, repeat and reorder.
 */
import type { EgressId } from "../../policies/nodestate.ts";
import type { TcpState } from "../kernel/ctnetlink.ts";

/** The port is the one under the overlay source and under the floating IP. */
export type FlowRecord = readonly [
  protocol: number,
  port: number,
  server: string,
  serverPort: number,
  tcpState: TcpState | null,
  timeoutS: number,
];

export interface HandedFlows {
  readonly type: "flows";
  readonly id: EgressId;
  /** Never used again by this run of the sender's agent. */
  readonly batch: number;
  /** At most `FLOWS_MAX`. */
  readonly flows: readonly FlowRecord[];
}

/** They are in the kernel. */
export interface FlowsAnswer {
  readonly type: "flows-answer";
  readonly batch: number;
}

/** Some 20 KB as JSON, and a quarter of that on the wire: few enough datagrams that all arrive, most of the time. */
export const FLOWS_MAX = 500;
