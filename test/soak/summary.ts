/** What a soak comes to, as a table. Pure. */
import type { SoakResult } from "./run.ts";
import type { Outage } from "./strike.ts";

export function summary({ outages, incarnations, commits, frames }: SoakResult): string {
  const rows = [
    ["what", "times", "ICMP median", "p99", "most", "TCP median", "p99", "most", "broken", "stalled"],
    ...[...Map.groupBy(outages, ({ kind }) => kind)].map(([kind, of]) => outageRow(kind, of)),
  ];
  const held = incarnations.flatMap(({ heldMs }) => heldMs ?? []);
  const answered = `${held.length} of ${incarnations.length} pods were answered in their time, after ${quantile(held, 0.5)} ms (median), ${quantile(held, 0.99)} ms (p99)`;
  return [
    table(rows),
    answered,
    `${commits} commits; ${frames} frames under floating IPs, never of two nodes at a time`,
  ].join("\n");
}

function outageRow(kind: string, outages: readonly Outage[]): readonly string[] {
  const of = (gaps: readonly number[]) => [quantile(gaps, 0.5), quantile(gaps, 0.99), quantile(gaps, 1)];
  return [
    kind,
    String(outages.length),
    ...of(outages.map(({ icmpMs }) => icmpMs)),
    ...of(outages.map(({ tcpMs }) => tcpMs)),
    String(outages.reduce((sum, { broken }) => sum + broken, 0)),
    String(outages.reduce((sum, { stalled }) => sum + stalled, 0)),
  ];
}

/** Nearest rank, as a whole number; a dash when there is none. */
export function quantile(values: readonly number[], share: number): string {
  const sorted = values.toSorted((a, b) => a - b);
  const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];
  return value === undefined ? "-" : String(Math.round(value));
}

function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join("  ");
  return rows.map(line).join("\n");
}
