/** What `check` prints for people: a line for each mistake that was repaired, each finding with its fix, and a summary. */
import { countSeverity, describeFinding } from "../print.ts";
import { countRepairable } from "../repair.ts";
import type { Checked } from "./checked.ts";

/** Coloured only where the stream is a terminal. */
export function describeChecked(checked: Checked, stream: NodeJS.WriteStream): string[] {
  const findings = checked.findings.map((finding) => describeFinding(finding, stream));
  return [...describeRepairs(checked), ...findings, summarize(checked)];
}

export function describeRepairs({ repaired }: Checked): string[] {
  return repaired.map(({ file, line, message }) => `${file}:${line}: repaired: ${message}`);
}

export function summarize({ files, findings }: Checked): string {
  if (files.length === 0) return "there are no manifests here (*.yaml, *.yml, *.json)";
  const where = `in ${plural(files.length, "file")}`;
  if (findings.length === 0) return `no findings ${where}`;
  const counts = (["error", "warning", "note"] as const)
    .map((severity) => [countSeverity(findings, severity), severity] as const)
    .flatMap(([count, severity]) => (count === 0 ? [] : plural(count, severity)));
  const repairable = countRepairable(files);
  return `${counts.join(", ")} ${where}${repairable === 0 ? "" : `; --fix repairs ${repairable}`}`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
