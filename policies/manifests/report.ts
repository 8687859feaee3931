/** Collects the findings of one document while it is read. */

import type { Finding, ObjectRef, Position, Severity } from "../findings.ts";
import type { Code } from "./codes.ts";
import { MAX_FINDINGS } from "./limits.ts";
import { tame } from "./quote.ts";
import { sortFindings } from "./sort.ts";

export class Report {
  readonly findings: Finding[] = [];
  /** The object that is being read; set as soon as it is known. */
  object: ObjectRef | undefined;
  readonly #place: (offset: number) => Position;

  constructor(place: (offset: number) => Position) {
    this.#place = place;
  }

  at(offset: number): Position {
    return this.#place(offset);
  }

  error(code: Code, offset: number, message: string, fix: string): void {
    this.#add("error", code, offset, message, fix);
  }

  warning(code: Code, offset: number, message: string, fix: string): void {
    this.#add("warning", code, offset, message, fix);
  }

  get hasErrors(): boolean {
    return this.findings.some((finding) => finding.severity === "error");
  }

  /** One more than the limit is kept, so that whoever counts sees that there were more. */
  #add(severity: Severity, code: Code, offset: number, message: string, fix: string): void {
    if (this.findings.length > MAX_FINDINGS) return;
    const finding = { code, severity, message: tame(message), fix: tame(fix), ...this.#place(offset) };
    this.findings.push(this.object === undefined ? finding : { ...finding, object: this.object });
  }
}

/** At most MAX_FINDINGS, the first of the file, and one that says there were more. */
export function limitFindings(findings: readonly Finding[]): readonly Finding[] {
  if (findings.length <= MAX_FINDINGS) return findings;
  const sorted = sortFindings(findings);
  const next = sorted[MAX_FINDINGS];
  if (next === undefined) return sorted;
  const { file, line, column } = next;
  const message = `this file has more than ${MAX_FINDINGS} findings; from here on they are not listed`;
  const last = {
    code: "too-many-findings",
    severity: "error",
    message,
    fix: "mend those above first",
    file,
    line,
    column,
  } as const;
  return [...sorted.slice(0, MAX_FINDINGS), last];
}
