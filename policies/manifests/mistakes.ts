/**
 * Typing mistakes that break a manifest's form: characters that a word processor or a web page put in the place of
 * those YAML knows, and colons or spaces that were lost. Found line by line, because a text with such mistakes does not
 * parse, or parses as something else. Only asked for when a document of ours has errors, so honest text costs nothing.
 */
import { nameCharacter } from "./characters.ts";
import type { Code } from "./codes.ts";
import type { Edit } from "./edits.ts";
import { MAX_MISTAKES } from "./limits.ts";
import { cutLines, type Line, offsetOf } from "./lines.ts";
import { findLostPunctuation } from "./lost-punctuation.ts";
import { findOddCharacters } from "./odd-characters.ts";

export interface Mistake {
  readonly code: Code;
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
  /** What makes the text readable; more than one for a pair of quotes. */
  readonly edits: readonly Edit[];
  /** Whether the edits are certainly what was meant. */
  readonly safe: boolean;
}

/** The mistakes of one document, at most MAX_MISTAKES, sorted; their edits do not overlap. */
export function findMistakes(text: string): Mistake[] {
  const mistakes: Mistake[] = [];
  const lines = cutLines(text);
  for (const [index, line] of lines.entries()) {
    if (mistakes.length >= MAX_MISTAKES) break;
    const placeholder = findPlaceholder(line);
    const found =
      placeholder === undefined
        ? [...findOddCharacters(line), ...findLostPunctuation(line, lines[index + 1])]
        : [placeholder];
    mistakes.push(...found.sort((a, b) => a.offset - b.offset));
  }
  return mistakes.slice(0, MAX_MISTAKES);
}

/** A line of only `...` or an ellipsis, as documents print it for what they leave out. At the margin `...` is YAML. */
function findPlaceholder(line: Line): Mistake | undefined {
  const ellipsis = /^(\.\.\.|\u2026)[ \t]*$/.exec(line.content)?.[1];
  if (ellipsis === undefined || (ellipsis === "..." && line.indent === 0) || line.kept !== undefined) return undefined;
  const offset = offsetOf(line, line.indent);
  const what = ellipsis === "..." ? "..." : nameCharacter(ellipsis);
  return {
    code: "placeholder",
    offset,
    message: `this line has only ${what}, which stands for lines that were left out in print`,
    fix: "write the lines that belong here, or delete this one",
    edits: [{ offset, length: ellipsis.length, replacement: '"...":' }],
    safe: false,
  };
}
