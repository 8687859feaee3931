/** Document separators that a word processor joined: it makes a dash of two hyphens, and `---` becomes `—-`. */
import { dashes, nameCharacter } from "./characters.ts";
import { applyEdits } from "./edits.ts";
import { mayBeOurs } from "./kinds.ts";
import type { Mistake } from "./mistakes.ts";

const SEPARATOR = new RegExp(`(?<=^|[\\r\\n])(?=-*[${dashes}])[-${dashes}]{1,3}(?=[ \\t]*(?:[\\r\\n]|$))`, "g");

/** Nearly every file ends here. */
const DASH = new RegExp(`[${dashes}]`);

/**
 * The text with separators put right, and what was wrong. A separator is alone on its line, so every other place keeps
 * its line and column.
 */
export function mendSeparators(text: string): { readonly text: string; readonly mistakes: readonly Mistake[] } {
  if (!DASH.test(text) || !mayBeOurs(text)) return { text, mistakes: [] };
  const mistakes = [...text.matchAll(SEPARATOR)].map(({ index: offset, 0: written }): Mistake => {
    const odd = nameCharacter(written.replaceAll("-", "").charAt(0));
    return {
      code: "typographic-character",
      offset,
      message: `${odd} stands in a document separator`,
      fix: "write ---",
      edits: [{ offset, length: written.length, replacement: "---" }],
      safe: true,
    };
  });
  if (mistakes.length === 0) return { text, mistakes };
  return {
    text: applyEdits(
      text,
      mistakes.flatMap((mistake) => mistake.edits),
    ),
    mistakes,
  };
}
