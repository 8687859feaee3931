/**
 * Document separators that are none to YAML: a word processor made a dash of two hyphens, so that `---` is `—-`, or the
 * whole text was pasted with the indentation it had in print, and `---` counts only at the margin.
 */
import { dashes, nameCharacter } from "./characters.ts";
import { applyEdits } from "./edits.ts";
import { mayBeOurs } from "./kinds.ts";
import type { Mistake } from "./mistakes.ts";

const JOINED = `(?=-*[${dashes}])[-${dashes}]{1,3}`;

const DASH = new RegExp(`[${dashes}]`);

/**
 * The text with separators put right, and what was wrong. A separator is alone on its line, so every other place keeps
 * its line and column.
 *
 * @param isAscii nearly every text is, and none of the dashes
 */
export function mendSeparators(
  text: string,
  isAscii: boolean,
): { readonly text: string; readonly mistakes: readonly Mistake[] } {
  const hasOdd = (!isAscii && DASH.test(text)) || text.includes(" ---");
  if (!hasOdd || !mayBeOurs(text)) return { text, mistakes: [] };
  const margin = marginOf(text);
  const separator = margin === "" ? JOINED : `${margin}(?:---|${JOINED})`;
  const alone = new RegExp(`(?<=^|[\\r\\n])${separator}(?=[ \\t]*(?:[\\r\\n]|$))`, "g");
  const mistakes = [...text.matchAll(alone)].map(({ index, 0: written }) => describe(index, written, margin.length));
  if (mistakes.length === 0) return { text, mistakes };
  return {
    text: applyEdits(
      text,
      mistakes.flatMap((mistake) => mistake.edits),
    ),
    mistakes,
  };
}

/**
 * The spaces with which every line begins. What stands right behind them belongs to no value of the lines above, block
 * scalars included, for those are indented further.
 */
function marginOf(text: string): string {
  const [first = ""] = /^ +(?=\S)/m.exec(text) ?? [];
  const isMargin = first !== "" && text.split(/[\r\n]+/).every((line) => line.trim() === "" || line.startsWith(first));
  return isMargin ? first : "";
}

function describe(lineStart: number, line: string, margin: number): Mistake {
  const written = line.slice(margin);
  const odd = written.replaceAll("-", "").charAt(0);
  const edits = [{ offset: lineStart, length: line.length, replacement: "---" }];
  const offset = lineStart + margin;
  if (odd === "") {
    const message = "the document separator is indented, so it is none";
    return { code: "indented-separator", offset, message, fix: "write --- at the margin", edits, safe: true };
  }
  const message = `${nameCharacter(odd)} stands in a document separator`;
  return { code: "typographic-character", offset, message, fix: "write ---", edits, safe: true };
}
