/**
 * What one reconciler process knows of the nodes: the newest report of each, and the signals that may still take
 * effect after it. From this follows which nodes may hold an address now.
 *
 * What it relies on: an agent never applies a signal older than one it applied, it reports what it observed in the
 * kernel after this process took over, and this process alone publishes signals.
 */
import type { Previous } from "./model.ts";
import type { Gateway, NodeReport, Signal } from "./nodestate.ts";

export interface NodeProgress {
  readonly report: NodeReport;
  /** Published by this process and not older than what the report is about; oldest first. */
  readonly sent: readonly Signal[];
}

/** By node. A node that has not reported to this process has no entry, and nothing may be published to it yet. */
export type Progress = ReadonlyMap<string, NodeProgress>;

/**
 * A report about an older generation than one already reported came late and is ignored: what it says is not held may
 * have been taken since.
 */
export function withReport(progress: NodeProgress | undefined, report: NodeReport): NodeProgress {
  if (progress === undefined) return { report, sent: [] };
  if (report.generation < progress.report.generation) return progress;
  return { report, sent: progress.sent.filter(({ generation }) => generation >= report.generation) };
}

/** Record a signal before it is handed to the channel. */
export function withSent(progress: NodeProgress, signal: Signal): NodeProgress {
  return { ...progress, sent: [...progress.sent, signal] };
}

/** The node applied a signal of this process, so that none of an earlier process can take effect any more. */
export function isOurs({ report, sent }: NodeProgress): boolean {
  return sent.some(({ generation }) => generation <= report.generation);
}

export function kernelHolds(progress: NodeProgress | undefined, ip: string): boolean {
  return progress?.report.kernel.held.includes(ip) ?? false;
}

/** The report shows it, and no signal that may still take effect, of whichever process, takes it away. */
export function keepsHolding(progress: NodeProgress, ip: string): boolean {
  return (
    isOurs(progress) &&
    kernelHolds(progress, ip) &&
    progress.sent.every(({ state }) => state.held.some((held) => held.ip === ip))
  );
}

/**
 * The report shows that this node sends to the gateway, and no signal of this process that may still take effect ends
 * it. One of an earlier process may: to wait for its end would cut traffic at every restart.
 */
export function keepsSending({ report, sent }: NodeProgress, { id, mac }: Gateway): boolean {
  const names = (gateways: NodeReport["kernel"]["gateways"]) =>
    gateways.some((entry) => entry.id === id && entry.mac === mac);
  return names(report.kernel.gateways) && sent.every(({ state }) => names(state.gateways));
}

/** The report shows it, or a signal that may still take effect grants it. */
export function mayHoldByReport(progress: NodeProgress | undefined, ip: string): boolean {
  if (progress === undefined) return false;
  return kernelHolds(progress, ip) || progress.sent.some(({ state }) => state.held.some((held) => held.ip === ip));
}

/**
 * Takes from `holders` the nodes that reports have disproved, so that it does not grow. The node an address is
 * allocated to stays in any case, because it may be granted next.
 */
export function settle(next: Previous, progress: Progress): Previous {
  const targets = new Map(next.allocations.map(({ ip, node }) => [ip, node]));
  const holders = next.holders.flatMap((entry) => {
    const nodes = entry.nodes.filter(
      (node) => targets.get(entry.ip) === node || !disproved(entry.ip, progress.get(node)),
    );
    return nodes.length === 0 ? [] : [{ ...entry, nodes }];
  });
  return { ...next, holders };
}

function disproved(ip: string, progress: NodeProgress | undefined): boolean {
  return progress !== undefined && isOurs(progress) && !mayHoldByReport(progress, ip);
}
