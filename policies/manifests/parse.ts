/** One file, alone: bytes to declared objects and the findings that need no other file. */

import type { Finding, Position } from "../findings.ts";
import type { Code } from "./codes.ts";
import type { Declared, ParsedFile, Switch } from "./declared.ts";
import { cutDocuments, type DocumentText } from "./documents.ts";
import { applyEdits, type Edit, originalOffset } from "./edits.ts";
import type { ManifestFile } from "./file.ts";
import { describeFileProblem } from "./file-problems.ts";
import { mayBeOurs } from "./kinds.ts";
import { findMistakes } from "./mistakes.ts";
import { readDocument } from "./objects.ts";
import { Report } from "./report.ts";
import { parseYaml } from "./syntax.ts";
import { decode, Lines, type TextProblem } from "./text.ts";

/** What reading one document gave. `readable` is false where it is no YAML. */
interface Reading {
  readonly report: Report;
  readonly objects: readonly Declared[];
  readonly switches: readonly Switch[];
  readonly readable: boolean;
}

/** Never throws for any content. The result depends on path and content only: cache it by path and blob id. */
export function parseFile(file: ManifestFile): ParsedFile {
  if ("problem" in file) return unreadable(file.path, { line: 1, column: 1 }, describeFileProblem(file.problem));
  const decoded = decode(file.bytes);
  const lines = new Lines(decoded.text);
  if ("problem" in decoded) return unreadable(file.path, lines.at(decoded.problem.offset), decoded.problem);
  const readings = cutDocuments(decoded.text).map((document) => readWithMistakes(document, file.path, lines));
  const objects = readings.flatMap((reading) => reading.objects);
  const findings = readings.flatMap((reading) => reading.report.findings);
  if (objects.length > 0) findings.push(...encodingNotes(file.path, decoded.text, decoded.byteOrderMark, lines));
  return {
    path: file.path,
    findings,
    objects,
    switches: readings.flatMap((reading) => reading.switches),
    mayHideGroups: readings.some((reading) => !reading.readable),
  };
}

/** If the document has errors and mistakes of form explain some, the mistakes are reported and the rest read without them. */
function readWithMistakes(document: DocumentText, path: string, lines: Lines): Reading {
  const plain = readText(document.text, placer(document, path, lines, []));
  if (!plain.report.hasErrors || !mayBeOurs(document.text)) return plain;
  const mistakes = findMistakes(document.text);
  if (mistakes.length === 0) return plain;
  const edits = mistakes.flatMap((mistake) => mistake.edits).sort((a, b) => a.offset - b.offset);
  const mended = readText(applyEdits(document.text, edits), placer(document, path, lines, edits));
  if (plain.readable && !mended.readable) return plain;
  const inOriginal = new Report(placer(document, path, lines, []));
  if (mended.objects.length === 1) inOriginal.object = mended.objects[0]?.ref;
  for (const { code, offset, message, fix } of mistakes) inOriginal.error(code, offset, message, fix);
  mended.report.findings.push(...inOriginal.findings);
  return mended;
}

function readText(text: string, place: (offset: number) => Position): Reading {
  const report = new Report(place);
  const parsed = parseYaml(text);
  if ("problem" in parsed) {
    const { code, offset, message, fix } = parsed.problem;
    report.error(code, offset, message, fix);
    return { report, objects: [], switches: [], readable: false };
  }
  const switches: Switch[] = [];
  const objects = parsed.trees.flatMap((tree) => readDocument(tree, report, switches));
  return { report, objects, switches, readable: true };
}

function placer(
  document: DocumentText,
  file: string,
  lines: Lines,
  edits: readonly Edit[],
): (offset: number) => Position {
  return (offset) => ({ file, ...lines.at(document.start + originalOffset(edits, offset)) });
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
