/** Characters on one line that stand where YAML needs others. */
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
import { type Line, offsetOf } from "./lines.ts";
import type { Mistake } from "./mistakes.ts";

const ODD_SPACE = new RegExp(`([${oddSpaces}])\\1*`, "g");
const INVISIBLE = new RegExp(`([${invisibles}])\\1*`, "g");
const ITEM = new RegExp(`^([${dashes}${bullets}])([ \\t]*)`);
const QUOTES = `${doubleQuotes}${singleQuotes}`;
const OPENING = new RegExp(`(?:^|[:\\-?,[{][ \\t]+|[[{,])([${QUOTES}])`, "g");
const CLOSING = new RegExp(`[${QUOTES}"'](?=[ \\t]*(?:$|[:,\\]}]))`);
/** `"text”`: an ASCII quote that only a typographic one closes. */
const HALF_QUOTED = new RegExp(`(?:^|[:\\-,[{][ \\t]+)(["'])[^"']*([${QUOTES}])[ \\t]*$`);
const ODD_COLON = new RegExp(`^([\\w./-]+[ \\t]*)([${oddColons}])([ \\t]*)`);

export function findOddCharacters(line: Line): Mistake[] {
  return [...findSpaces(line), ...findHyphen(line), ...findQuotes(line), ...findColon(line)];
}

function findSpaces({ start, written }: Line): Mistake[] {
  const spaces = [...written.matchAll(ODD_SPACE)].map(({ index, 0: run }) => {
    return mistake(start + index, run, " ".repeat(run.length), "a space");
  });
  const invisible = [...written.matchAll(INVISIBLE)].map(({ index, 0: run }) =>
    mistake(start + index, run, "", "nothing"),
  );
  return [...spaces, ...invisible];
}

function findHyphen(line: Line): Mistake[] {
  const [, dash, space] = ITEM.exec(line.content) ?? [];
  if (dash === undefined) return [];
  return [mistake(offsetOf(line, line.indent), dash, space === "" ? "- " : "-", "a hyphen (-)")];
}

/** A pair of quotes is one mistake, at the opening one. */
function findQuotes(line: Line): Mistake[] {
  const found: Mistake[] = [];
  for (const { index, 0: match, 1: character = "" } of line.content.matchAll(OPENING)) {
    const opening = line.indent + index + match.length - 1;
    const closing = CLOSING.exec(line.seen.slice(opening + 1));
    const quote = doubleQuotes.includes(character) ? '"' : "'";
    const whole = mistake(offsetOf(line, opening), character, quote, `a straight quote (${quote})`);
    const end = closing && { offset: offsetOf(line, opening + 1 + closing.index), length: 1, replacement: quote };
    found.push(end === null ? whole : { ...whole, edits: [...whole.edits, end] });
  }
  return found.length > 0 ? found : findHalfQuoted(line);
}

function findHalfQuoted(line: Line): Mistake[] {
  const match = HALF_QUOTED.exec(line.content);
  if (match?.[1] === undefined || match[2] === undefined) return [];
  const index = line.indent + match.index + match[0].trimEnd().length - 1;
  return [mistake(offsetOf(line, index), match[2], match[1], `a straight quote (${match[1]})`)];
}

function findColon(line: Line): Mistake[] {
  const [, key, colon, space] = ODD_COLON.exec(line.keyText) ?? [];
  if (key === undefined || colon === undefined) return [];
  return [mistake(offsetOf(line, line.keyStart + key.length), colon, space === "" ? ": " : ":", "a colon (:)")];
}

function mistake(offset: number, written: string, replacement: string, wanted: string): Mistake {
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
