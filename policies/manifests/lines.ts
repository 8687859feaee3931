/** The lines of a document that are form rather than text: no blank ones, no comments, no block scalars, no annotations. */
import { bullets, dashes, invisibles, oddSpaces } from "./characters.ts";

export interface Line {
  /** Offset of the line in the document. */
  readonly start: number;
  /** The line without its comment. */
  readonly code: string;
  readonly indent: number;
  readonly contentStart: number;
  /** From the first character that is not space. */
  readonly content: string;
  /** The content begins with a hyphen, or what stands for one. */
  readonly isItem: boolean;
  /** Behind the hyphens, where a key would stand. */
  readonly keyStart: number;
  readonly keyText: string;
}

const SPACE = `[\\s${oddSpaces}${invisibles}]`;
const INDENT = new RegExp(`^${SPACE}*`);
const HYPHENS = new RegExp(`^(?:[-${dashes}${bullets}](?:${SPACE}+|(?=[^\\s-])))*`);
const BLOCK_SCALAR = /(?:^|[:-])\s+[|>][-+0-9]*\s*$/;
const ANNOTATIONS = /^annotations\s*:\s*$/;

export function cutLines(text: string): Line[] {
  const lines: Line[] = [];
  let skipDeeperThan = Number.POSITIVE_INFINITY;
  for (const { index, 0: written } of text.matchAll(/[^\r\n]+/g)) {
    const line = readLine(written, index);
    if (line.content === "" || /^(?:---|%)/.test(line.content)) continue;
    if (line.indent > skipDeeperThan) continue;
    const skips = BLOCK_SCALAR.test(line.code) || ANNOTATIONS.test(line.keyText);
    skipDeeperThan = skips ? line.indent : Number.POSITIVE_INFINITY;
    lines.push(line);
  }
  return lines;
}

function readLine(written: string, start: number): Line {
  const code = withoutComment(written);
  const indent = INDENT.exec(code)?.[0].length ?? 0;
  const content = code.slice(indent);
  const hyphens = HYPHENS.exec(content)?.[0].length ?? 0;
  const contentStart = start + indent;
  return {
    ...{ start, code, indent, contentStart, content },
    isItem: hyphens > 0,
    keyStart: contentStart + hyphens,
    keyText: content.slice(hyphens),
  };
}

/** A `#` after space begins a comment, except between quotes. */
function withoutComment(line: string): string {
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (/["']/.test(character) && /(?:^|[\s:,[{-])$/.test(line.slice(Math.max(0, index - 1), index)))
      quote = character;
    else if (character === "#" && (index === 0 || /\s/.test(line.charAt(index - 1)))) return line.slice(0, index);
  }
  return line;
}
