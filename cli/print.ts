/** How findings and plans are printed for people; colours only where styleText finds a terminal. */
import { styleText } from "node:util";
import type { Effect } from "../policies/effect.ts";
import type { Finding, Severity } from "../policies/findings.ts";

const COLOURS = { error: "red", warning: "yellow", note: "cyan" } as const;

/** `file:line:col: severity: message (code)`, and then the fix. */
export function describeFinding(finding: Finding, stream: NodeJS.WriteStream): string {
  const { file, line, column, severity, message, code, fix } = finding;
  const coloured = styleText(COLOURS[severity], severity, { stream, validateStream: true });
  return `${file}:${line}:${column}: ${coloured}: ${message} (${code})\n    fix: ${fix}`;
}

export const countSeverity = (findings: readonly Finding[], severity: Severity): number =>
  findings.filter((finding) => finding.severity === severity).length;

/** The shape of `sallyport check --json`. */
export const findingsDocument = (findings: readonly Finding[]): object => ({
  findings,
  errors: countSeverity(findings, "error"),
  warnings: countSeverity(findings, "warning"),
});

export const hasEffect = ({ floatingIPs, policies, pods, nodes }: Effect): boolean =>
  floatingIPs.length + policies.length + pods.length + nodes.length > 0;

/** The effect first, one line each; what stays is counted. */
export function describeEffect(effect: Effect): string[] {
  if (!hasEffect(effect)) return ["no effect"];
  const { floatingIPs, policies, pods, nodes, unchanged, connectionsCut } = effect;
  return [
    ...floatingIPs.map(({ ip, from, to, reason }) => `floating IP ${ip}: ${from ?? "-"} → ${to ?? "-"} (${reason})`),
    ...policies.map(
      ({ name, before, after, reason }) => `policy ${name}: ${before ?? "-"} → ${after ?? "-"} (${reason})`,
    ),
    ...pods.map(
      ({ namespace, name, before, after, policy, destinations }) =>
        `pod ${namespace}/${name} to ${destinations.join(", ")}: ${before ?? "held"} → ${after ?? "held"} (${policy})`,
    ),
    `nodes reprogrammed: ${nodes.length === 0 ? "none" : nodes.join(", ")}`,
    `pods whose open connections may be cut: ${connectionsCut}`,
    `unchanged: ${Object.entries(unchanged)
      .map(([what, count]) => `${count} ${what}`)
      .join(", ")}`,
  ];
}
