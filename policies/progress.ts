/**
 * What one reconciler process knows of the nodes: the newest report of each, and the signals that may still take
 * effect after it. From this follows which nodes may hold an address now.
 *
 * What it relies on: an agent never applies a signal older than one it applied, it reports what it observed in the
 * kernel after this process took over, and this process alone publishes signals.
 */
import type { Previous } from "./model.ts";
import type { NodeReport, Signal } from "./nodestate.ts";

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

/** The report shows it, or a signal that may still take effect lets the node take it. */
function mayHold({ report, sent }: NodeProgress, ip: string): boolean {
  const isCandidate = ({ state: { node, lease } }: Signal) =>
    lease?.addresses.some((address) => address.ip === ip && address.candidates.includes(node)) ?? false;
  return report.kernel.held.includes(ip) || sent.some(isCandidate);
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

/** Only after a signal of this process was applied can none of an earlier one take effect any more. */
function disproved(ip: string, progress: NodeProgress | undefined): boolean {
  if (progress === undefined) return false;
  const { report, sent } = progress;
  return sent.some(({ generation }) => generation <= report.generation) && !mayHold(progress, ip);
}
