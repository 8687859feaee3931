/** Collects the findings of one document while it is read. */

import type { Finding, ObjectRef, Position, Severity } from "../findings.ts";
import type { Code } from "./codes.ts";
import { MAX_FINDINGS } from "./limits.ts";

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

  /** Findings beyond the limit are dropped; the last one says so. */
  #add(severity: Severity, code: Code, offset: number, message: string, fix: string): void {
    if (this.findings.length > MAX_FINDINGS) return;
    const finding = { code, severity, message, fix, ...this.#place(offset) };
    if (this.findings.length < MAX_FINDINGS) {
      this.findings.push(this.object === undefined ? finding : { ...finding, object: this.object });
      return;
    }
    const tooMany = `this document has more than ${MAX_FINDINGS} findings; the rest is not listed`;
    this.findings.push({
      ...finding,
      code: "too-many-findings",
      severity: "error",
      message: tooMany,
      fix: "mend the ones above first",
    });
  }
}
