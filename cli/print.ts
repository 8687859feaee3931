/** How findings are printed for people; colours only where styleText finds a terminal. */
import { styleText } from "node:util";
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
