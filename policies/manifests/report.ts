/** Collects the findings of one document while it is read. */
import type { Finding, ObjectRef, Position, Severity } from "../findings.ts";

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

  error(code: string, offset: number, message: string, fix: string): void {
    this.#add("error", code, offset, message, fix);
  }

  warning(code: string, offset: number, message: string, fix: string): void {
    this.#add("warning", code, offset, message, fix);
  }

  get hasErrors(): boolean {
    return this.findings.some((finding) => finding.severity === "error");
  }

  #add(severity: Severity, code: string, offset: number, message: string, fix: string): void {
    const { file, line, column } = this.#place(offset);
    const finding = { code, severity, message, fix, file, line, column };
    this.findings.push(this.object === undefined ? finding : { ...finding, object: this.object });
  }
}
