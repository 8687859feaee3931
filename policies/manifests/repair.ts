/** `check --fix`: repairs the mistakes whose mend is certain, and nothing else. */
import type { Position } from "../findings.ts";
import type { Code } from "./codes.ts";
import { type DocumentReading, readDocumentText } from "./document.ts";
import { cutDocuments } from "./documents.ts";
import { applyEdits, type Edit } from "./edits.ts";
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
  const separators = mendSeparators(text);
  const written = new Lines(text);
  const lines = new Lines(separators.text);
  const fixes: Fix[] = separators.mistakes.map((mistake) => ({ ...describe(mistake), ...written.at(mistake.offset) }));
  const edits: Edit[] = [];
  for (const document of cutDocuments(separators.text)) {
    for (const mistake of safeMistakes(document.text)) {
      fixes.push({ ...describe(mistake), ...lines.at(document.start + mistake.offset) });
      edits.push(...mistake.edits.map((edit) => ({ ...edit, offset: document.start + edit.offset })));
    }
  }
  edits.sort((a, b) => a.offset - b.offset);
  fixes.sort((a, b) => a.line - b.line || a.column - b.column);
  return { text: applyEdits(separators.text, edits), fixes };
}

/** None where repairing would only bring the next mistake to light: then nobody can be certain what was meant. */
function safeMistakes(text: string): readonly Mistake[] {
  const reading = readDocumentText(text, nowhere);
  if (!reading.readable) return [];
  const kind = reading.report.findings.some(({ code }) => code === "unknown-kind") ? misspeltKind(text) : undefined;
  const safe = [...reading.mistakes.filter((mistake) => mistake.safe), ...(kind === undefined ? [] : [kind])];
  const edits = safe.flatMap((mistake) => mistake.edits).sort((a, b) => a.offset - b.offset);
  if (edits.length === 0) return [];
  const after = readDocumentText(applyEdits(text, edits), nowhere);
  const certain = countErrors(after) < countErrors(reading) && !after.mistakes.some((mistake) => mistake.safe);
  return certain ? safe : [];
}

function countErrors({ report }: DocumentReading): number {
  return report.findings.filter(({ severity }) => severity === "error").length;
}

function nowhere(): Position {
  return { file: "", line: 1, column: 1 };
}

function describe({ code, message }: Mistake): Pick<Fix, "code" | "message"> {
  return { code, message };
}
