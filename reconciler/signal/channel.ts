/**
 * The way from the reconciler to the agents and back. The embedded channel (`server.ts`) is one implementation; the
 * loop knows only this interface.
 */
import type { NodeReport, Signal } from "../../policies/nodestate.ts";

export interface SignalChannel {
  /** Makes this the newest signal for its node: delivered now, or as soon as the node's agent connects. */
  publish(signal: Signal): void;
  /**
   * For a node that left the cluster: whoever comes back under its name is another machine, must report before it is told
   * anything, and never gets a signal published before.
   */
  forget(node: string): void;
  /** Asks every connected agent to look at its kernel again and report. */
  verify(): void;
  /** Nodes whose agent is connected now. */
  connected(): ReadonlySet<string>;
  close(): Promise<void>;
}

export interface SignalEvents {
  /** A report whose sender is authenticated as `report.node`. */
  onReport(report: NodeReport): void;
  onConnect(node: string): void;
  onDisconnect(node: string): void;
}
