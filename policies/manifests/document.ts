/** One document: its text to objects, first as it stands, and if that has errors, without its mistakes of form. */
import type { Position } from "../findings.ts";
import type { Declared, Switch } from "./declared.ts";
import { applyEdits, type Edit, originalOffset } from "./edits.ts";
import { mayBeOurs } from "./kinds.ts";
import { findMistakes, type Mistake } from "./mistakes.ts";
import { readDocument } from "./objects.ts";
import { Report } from "./report.ts";
import { parseYaml } from "./syntax.ts";

export interface DocumentReading {
  readonly report: Report;
  readonly objects: readonly Declared[];
  readonly switches: readonly Switch[];
  /** False where it is no YAML, even without the mistakes. */
  readonly readable: boolean;
  /** What had to be put right to read it like this; already in the report. */
  readonly mistakes: readonly Mistake[];
}

/** `place` takes offsets of this text. Only texts that could be ours are searched for mistakes. */
export function readDocumentText(text: string, place: (offset: number) => Position): DocumentReading {
  const plain = readText(text, place, []);
  if (!plain.report.hasErrors || !mayBeOurs(text)) return plain;
  const mistakes = findMistakes(text);
  if (mistakes.length === 0) return plain;
  const edits = mistakes.flatMap((mistake) => mistake.edits).sort((a, b) => a.offset - b.offset);
  const mended = readText(applyEdits(text, edits), place, edits);
  if (plain.readable && !mended.readable) return plain;
  const report = new Report(place);
  if (mended.objects.length === 1) report.object = mended.objects[0]?.ref;
  for (const { code, offset, message, fix } of mistakes) report.error(code, offset, message, fix);
  mended.report.findings.push(...report.findings);
  return { ...mended, mistakes };
}

function readText(text: string, place: (offset: number) => Position, edits: readonly Edit[]): DocumentReading {
  const report = new Report(edits.length === 0 ? place : (offset) => place(originalOffset(edits, offset)));
  const parsed = parseYaml(text);
  if ("problem" in parsed) {
    const { code, offset, message, fix } = parsed.problem;
    report.error(code, offset, message, fix);
    return { report, objects: [], switches: [], readable: false, mistakes: [] };
  }
  const switches: Switch[] = [];
  const objects: Declared[] = [];
  for (const tree of parsed.trees) objects.push(...readDocument(tree, report, switches));
  return { report, objects, switches, readable: true, mistakes: [] };
}
