/** `check --fix`: repairs the mistakes whose mend is certain, and nothing else. */
import type { Position } from "../findings.ts";
import type { Code } from "./codes.ts";
import { type DocumentReading, readDocumentText } from "./document.ts";
import { cutDocuments } from "./documents.ts";
import { applyEdits, type Edit, originalOffset } from "./edits.ts";
import { mayBeOurs, misspeltKind } from "./kinds.ts";
import type { Mistake } from "./mistakes.ts";
import { mendSeparators } from "./separators.ts";
import { Lines, type Place } from "./text.ts";

export interface Repair {
  readonly text: string;
  /** In the order of the text; places are those of the text that was given. */
  readonly fixes: readonly Fix[];
}

interface Fix extends Place {
  readonly code: Code;
  /** What was wrong, as in the finding. */
  readonly message: string;
}

/**
 * Repairs the text of one file, as `decode` gives it. Documents that could not be ours, are right, or stay unreadable
 * are returned byte for byte. Repairing twice changes nothing more.
 */
export function repair(text: string): Repair {
  if (!mayBeOurs(text)) return { text, fixes: [] };
  const separators = mendSeparators(text, false);
  const written = new Lines(text);
  const lines = new Lines(separators.text);
  const fixes: Fix[] = separators.mistakes.map((mistake) => ({ ...describe(mistake), ...written.at(mistake.offset) }));
  let mended = "";
  for (const document of cutDocuments(separators.text)) {
    const { text: mendedDocument, mistakes } = mendDocument(document.text);
    mended += mendedDocument;
    for (const mistake of mistakes) fixes.push({ ...describe(mistake), ...lines.at(document.start + mistake.offset) });
  }
  fixes.sort((a, b) => a.line - b.line || a.column - b.column);
  return { text: mended, fixes };
}

interface Mended {
  readonly text: string;
  /** With their offsets in the text as it was. */
  readonly mistakes: readonly Mistake[];
}

/** Nothing where repairing would only bring the next mistake to light: then nobody can be certain what was meant. */
function mendDocument(text: string): Mended {
  const nothing = { text, mistakes: [] };
  const reading = readDocumentText(text, offsetAsColumn);
  if (!reading.readable) return nothing;
  const form = reading.mistakes.filter(({ safe }) => safe);
  const edits = editsOf(form);
  const formed = applyEdits(text, edits);
  // a kind whose line had no colon is seen only now
  const kinds = misspeltKinds(formed, form.length === 0 ? reading : readDocumentText(formed, offsetAsColumn));
  if (form.length + kinds.length === 0) return nothing;
  const mended = applyEdits(formed, editsOf(kinds));
  const after = readDocumentText(mended, offsetAsColumn);
  if (countErrors(after) >= countErrors(reading) || after.mistakes.some(({ safe }) => safe)) return nothing;
  return {
    text: mended,
    mistakes: [...form, ...kinds.map((kind) => ({ ...kind, offset: originalOffset(edits, kind.offset) }))],
  };
}

function misspeltKinds(text: string, { report }: DocumentReading): Mistake[] {
  const offsets = report.findings.filter(({ code }) => code === "unknown-kind").map(({ column }) => column);
  return [...new Set(offsets)].flatMap((offset) => misspeltKind(text, offset) ?? []);
}

function editsOf(mistakes: readonly Mistake[]): Edit[] {
  return mistakes.flatMap(({ edits }) => edits).sort((a, b) => a.offset - b.offset);
}

function countErrors({ report }: DocumentReading): number {
  return report.findings.filter(({ severity }) => severity === "error").length;
}

/** These findings are never shown; what is wanted of their place is the offset. */
function offsetAsColumn(offset: number): Position {
  return { file: "", line: 1, column: offset };
}

function describe({ code, message }: Mistake): Pick<Fix, "code" | "message"> {
  return { code, message };
}
