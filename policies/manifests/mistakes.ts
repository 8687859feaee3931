/**
 * Typing mistakes that break a manifest's form: characters that a word processor or a web page put in the place of
 * those YAML knows, and colons or spaces that were lost. Found line by line, because a text with such mistakes does not
 * parse, or parses as something else. Only asked for when a document of ours has errors, so honest text costs nothing.
 */

import {
  bullets,
  dashes,
  doubleQuotes,
  invisibles,
  nameCharacter,
  oddColons,
  oddSpaces,
  singleQuotes,
} from "./characters.ts";
import type { Code } from "./codes.ts";
import type { Edit } from "./edits.ts";
import { MAX_MISTAKES } from "./limits.ts";
import { cutLines, type Line } from "./lines.ts";
import type { Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.ts";

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

const ODD_SPACE = new RegExp(`([${oddSpaces}])\\1*`, "g");
const INVISIBLE = new RegExp(`([${invisibles}])\\1*`, "g");
const ITEM = new RegExp(`^([${dashes}${bullets}])(\\s*)`);
const QUOTES = `${doubleQuotes}${singleQuotes}`;
const OPENING = new RegExp(`(?:^|[:\\-?,[{]\\s+|[[{,])([${QUOTES}])`, "g");
const ODD_COLON = new RegExp(`^([\\w./-]+\\s*)([${oddColons}])(\\s*)`);

/** Names of fields, in whose case a missing colon or space is told from text. */
const FIELD_NAMES: ReadonlySet<string> = new Set(Object.values(SCHEMAS).flatMap(fieldNames));

function fieldNames(schema: Schema): string[] {
  if (schema.type === "array") return fieldNames(schema.items);
  if (schema.type !== "object") return [];
  return Object.entries(schema.properties).flatMap(([name, field]) => [name, ...fieldNames(field)]);
}

/** The mistakes of one document, at most MAX_MISTAKES, sorted; their edits do not overlap. */
export function findMistakes(text: string): Mistake[] {
  const mistakes: Mistake[] = [];
  const lines = cutLines(text);
  for (const [index, line] of lines.entries()) {
    if (mistakes.length >= MAX_MISTAKES) break;
    mistakes.push(...lineMistakes(line, lines[index + 1]));
  }
  return mistakes.slice(0, MAX_MISTAKES);
}

function lineMistakes(line: Line, next: Line | undefined): Mistake[] {
  const placeholder = findPlaceholder(line);
  if (placeholder !== undefined) return [placeholder];
  const found = [
    ...findCharacters(line),
    ...findItem(line),
    ...findQuotes(line),
    ...findColon(line),
    ...findMissing(line, next),
  ];
  return found.sort((a, b) => a.offset - b.offset);
}

/** A line of only `...` or an ellipsis, as documents print it for what they leave out. At the margin `...` is YAML. */
function findPlaceholder(line: Line): Mistake | undefined {
  const ellipsis = /^(?:\.\.\.|\u2026)\s*$/.exec(line.content)?.[0].trimEnd();
  if (ellipsis === undefined || (ellipsis === "..." && line.indent === 0)) return undefined;
  const offset = line.contentStart;
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

function findCharacters(line: Line): Mistake[] {
  const found: Mistake[] = [];
  for (const match of line.code.matchAll(ODD_SPACE)) {
    found.push(characterMistake(line.start + match.index, match[0], " ".repeat(match[0].length), "a space"));
  }
  for (const match of line.code.matchAll(INVISIBLE)) {
    found.push(characterMistake(line.start + match.index, match[0], "", "nothing"));
  }
  return found;
}

function findItem(line: Line): Mistake[] {
  const match = ITEM.exec(line.content);
  if (match?.[1] !== undefined) {
    return [characterMistake(line.contentStart, match[1], match[2] === "" ? "- " : "-", "a hyphen (-)")];
  }
  if (!/^-[^\s-]/.test(line.content)) return [];
  return [
    {
      code: "missing-space",
      offset: line.contentStart,
      message: "the hyphen of a list item has no space behind it",
      fix: "write a space after the hyphen",
      edits: [{ offset: line.contentStart + 1, length: 0, replacement: " " }],
      safe: true,
    },
  ];
}

function findQuotes(line: Line): Mistake[] {
  const found: Mistake[] = [];
  for (const match of line.content.matchAll(OPENING)) {
    const character = match[1] ?? "";
    const opening = match.index + match[0].length - 1;
    const quote = doubleQuotes.includes(character) ? '"' : "'";
    const closing = closingQuote(line.content, opening + 1);
    const offset = line.contentStart + opening;
    const edits = [{ offset, length: 1, replacement: quote }];
    if (closing !== undefined) edits.push({ offset: line.contentStart + closing, length: 1, replacement: quote });
    found.push({ ...characterMistake(offset, character, quote, `a straight quote (${quote})`), edits });
  }
  return found.length > 0 ? found : findClosing(line);
}

/** `"text”`: an ASCII quote that only a typographic one closes. */
function findClosing(line: Line): Mistake[] {
  const match = new RegExp(`(?:^|[:\\-,[{]\\s+)(["'])[^"']*([${QUOTES}])\\s*$`).exec(line.content);
  if (match?.[1] === undefined || match[2] === undefined) return [];
  const offset = line.contentStart + match[0].trimEnd().length - 1 + match.index;
  return [characterMistake(offset, match[2], match[1], `a straight quote (${match[1]})`)];
}

function closingQuote(content: string, from: number): number | undefined {
  const match = new RegExp(`[${QUOTES}"'](?=\\s*(?:$|[:,\\]}]))`).exec(content.slice(from));
  return match === null ? undefined : from + match.index;
}

function findColon(line: Line): Mistake[] {
  const match = ODD_COLON.exec(line.keyText);
  if (match?.[1] === undefined || match[2] === undefined) return [];
  const offset = line.keyStart + match[1].length;
  return [characterMistake(offset, match[2], match[3] === "" ? ": " : ":", "a colon (:)")];
}

function findMissing(line: Line, next: Line | undefined): Mistake[] {
  const match = /^([A-Za-z]\w*)(:?)(\s*)(.*)$/.exec(line.keyText);
  const [, name = "", colon, space = "", rest = ""] = match ?? [];
  if (!FIELD_NAMES.has(name)) return [];
  const offset = line.keyStart;
  const edit = (replacement: string) => [{ offset: offset + name.length + (colon ? 1 : 0), length: 0, replacement }];
  if (colon && space === "" && rest !== "") {
    const message = `the colon after ${name} has no space behind it`;
    return [
      { code: "missing-space", offset, message, fix: "write a space after the colon", edits: edit(" "), safe: true },
    ];
  }
  const alone =
    rest === "" && next !== undefined && (next.indent > line.indent || (next.indent === line.indent && next.isItem));
  const withValue = rest !== "" && space !== "" && !/^[:=]/.test(rest) && !rest.includes(": ");
  if (colon || !(alone || withValue)) return [];
  const message = `${name} has no colon behind it`;
  return [{ code: "missing-colon", offset, message, fix: `write ${name}:`, edits: edit(":"), safe: true }];
}

function characterMistake(offset: number, written: string, replacement: string, wanted: string): Mistake {
  const count = written.length > 1 ? ` (${written.length} times)` : "";
  return {
    code: "typographic-character",
    offset,
    message: `${nameCharacter(written.charAt(0))}${count} stands where YAML needs ${wanted}`,
    fix: wanted === "nothing" ? "delete it" : `write ${wanted}`,
    edits: [{ offset, length: written.length, replacement }],
    safe: true,
  };
}
