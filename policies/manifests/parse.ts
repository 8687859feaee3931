/** One file, alone: bytes to declared objects and the findings that need no other file. */
import type { Finding, Position } from "../findings.ts";
import type { Code } from "./codes.ts";
import type { Declared, ParsedFile, Switch } from "./declared.ts";
import { readDocumentText } from "./document.ts";
import { cutDocuments } from "./documents.ts";
import type { ManifestFile } from "./file.ts";
import { describeFileProblem } from "./file-problems.ts";
import { limitFindings } from "./report.ts";
import { mendSeparators } from "./separators.ts";
import { decode, Lines, type TextProblem } from "./text.ts";

/** Never throws for any content. The result depends on path and content only: cache it by path and blob id. */
export function parseFile(file: ManifestFile): ParsedFile {
  if ("problem" in file) return unreadable(file.path, { line: 1, column: 1 }, describeFileProblem(file.problem));
  const decoded = decode(file.bytes);
  if ("problem" in decoded) {
    return unreadable(file.path, new Lines(decoded.text).at(decoded.problem.offset), decoded.problem);
  }
  const mended = mendSeparators(decoded.text, decoded.text.length === file.bytes.length);
  const lines = new Lines(mended.text);
  const objects: Declared[] = [];
  const switches: Switch[] = [];
  const findings: Finding[] = [];
  let mayHideGroups = false;
  for (const { text, start } of cutDocuments(mended.text)) {
    const reading = readDocumentText(text, (offset) => placeIn(file.path, lines, start + offset));
    objects.push(...reading.objects);
    switches.push(...reading.switches);
    findings.push(...reading.report.findings);
    mayHideGroups ||= !reading.readable;
  }
  const written = mended.mistakes.length === 0 ? lines : new Lines(decoded.text);
  for (const { code, offset, message, fix } of mended.mistakes) {
    findings.push({ code, severity: "error", message, fix, file: file.path, ...written.at(offset) });
  }
  if (objects.length > 0) findings.push(...encodingNotes(file.path, decoded.text, decoded.byteOrderMark, written));
  return { path: file.path, findings: limitFindings(findings), objects, switches, mayHideGroups };
}

function placeIn(file: string, lines: Lines, offset: number): Position {
  const { line, column } = lines.at(offset);
  return { file, line, column };
}

function encodingNotes(file: string, text: string, byteOrderMark: boolean, lines: Lines): Finding[] {
  const notes: Finding[] = [];
  const note = (code: Code, offset: number, message: string, fix: string) =>
    notes.push({ code, severity: "note", message, fix, file, ...lines.at(offset) });
  if (byteOrderMark) note("byte-order-mark", 0, "the file begins with a byte order mark (U+FEFF)", "save it without");
  const carriageReturn = text.indexOf("\r");
  if (carriageReturn >= 0)
    note("carriage-return", carriageReturn, "lines end in CR (U+000D)", "save the file with LF line ends");
  return notes;
}

function unreadable(
  path: string,
  place: { line: number; column: number },
  problem: Omit<TextProblem, "offset">,
): ParsedFile {
  const { code, message, fix } = problem;
  const finding: Finding = { code, severity: "error", message, fix, file: path, ...place };
  return { path, findings: [finding], objects: [], switches: [], mayHideGroups: true };
}
