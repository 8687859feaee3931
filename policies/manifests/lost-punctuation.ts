/** Colons and spaces that are not there, told from text by the names of our kinds' fields. */
import type { Code } from "./codes.ts";
import { type Line, offsetOf } from "./lines.ts";
import type { Mistake } from "./mistakes.ts";
import type { Schema } from "./schema.ts";
import { SCHEMAS } from "./schemas.ts";

const FIELD_NAMES: ReadonlySet<string> = new Set(Object.values(SCHEMAS).flatMap(fieldNames));

function fieldNames(schema: Schema): string[] {
  if (schema.type === "array") return fieldNames(schema.items);
  if (schema.type !== "object") return [];
  return Object.entries(schema.properties).flatMap(([name, field]) => [name, ...fieldNames(field)]);
}

/** `next` is the line that follows. */
export function findLostPunctuation(line: Line, next: Line | undefined): Mistake[] {
  const found: Mistake[] = [];
  if (/^-[^ \t-]/.test(line.content)) {
    const message = "the hyphen of a list item has no space behind it";
    found.push(insertion(line, line.indent, 1, " ", "missing-space", message, "write a space after the hyphen"));
  }
  const [, name = "", colon, space = "", rest = ""] = /^([A-Za-z]\w*)(:?)([ \t]*)(.*)$/.exec(line.keyText) ?? [];
  if (!FIELD_NAMES.has(name)) return found;
  if (colon && space === "" && rest !== "") {
    const message = `the colon after ${name} has no space behind it`;
    const length = name.length + 1;
    found.push(insertion(line, line.keyStart, length, " ", "missing-space", message, "write a space after the colon"));
  }
  if (!colon && (rest === "" ? opensBlock(line, next) : isValue(space, rest))) {
    const message = `${name} has no colon behind it`;
    found.push(insertion(line, line.keyStart, name.length, ":", "missing-colon", message, `write ${name}:`));
  }
  return found;
}

/** The next line is deeper, or an item at the same depth. */
function opensBlock(line: Line, next: Line | undefined): boolean {
  return next !== undefined && (next.indent > line.indent || (next.indent === line.indent && next.isItem));
}

function isValue(space: string, rest: string): boolean {
  return space !== "" && !/^[:=\uA789\uFF1A\u2236\uFE55]/.test(rest) && !rest.includes(": ");
}

function insertion(
  line: Line,
  from: number,
  length: number,
  text: string,
  code: Code,
  message: string,
  fix: string,
): Mistake {
  const edits = [{ offset: offsetOf(line, from + length - 1) + 1, length: 0, replacement: text }];
  return { code, offset: offsetOf(line, from), message, fix, edits, safe: true };
}
