/** The lines of a document that are form rather than text: no blank ones, no comments, no block scalars, no annotations. */
import { bullets, dashes, invisibles, oddSpaces } from "./characters.ts";
import { MAX_SEARCHED_LINE } from "./limits.ts";

export interface Line {
  /** Offset of the line in the document. */
  readonly start: number;
  /** Without its comment. */
  readonly written: string;
  /** `written` as a person sees it: odd spaces are spaces, invisible characters are gone. All below are parts of it. */
  readonly seen: string;
  readonly indent: number;
  /** From the first character that is not space. */
  readonly content: string;
  /** The content begins with a hyphen, or what stands for one. */
  readonly isItem: boolean;
  /** Behind the hyphens, where a key would stand; `keyStart` is its index in `seen`. */
  readonly keyStart: number;
  readonly keyText: string;
  /** Indexes in `written` of the characters of `seen`, where they differ. */
  readonly kept: readonly number[] | undefined;
}

/** Where in the document the character at this index of `seen` stands. */
export function offsetOf({ start, written, kept }: Line, index: number): number {
  return start + (kept === undefined ? index : (kept[index] ?? written.length));
}

const ODD = new RegExp(`[${oddSpaces}${invisibles}]`);
const INVISIBLE = new RegExp(`[${invisibles}]`);
const ODD_SPACES = new RegExp(`[${oddSpaces}]`, "g");
const HYPHENS = new RegExp(`^(?:[-${dashes}${bullets}](?:[ \\t]+|(?=[^ \\t-])))*`);
const BLOCK_SCALAR = /(?:^|[:-])[ \t]+[|>][-+0-9]*[ \t]*$/;
const ANNOTATIONS = /^annotations[ \t]*:[ \t]*$/;

export function cutLines(text: string): Line[] {
  const lines: Line[] = [];
  let skipDeeperThan = Number.POSITIVE_INFINITY;
  for (const { index, 0: written } of text.matchAll(/[^\r\n]+/g)) {
    if (written.length > MAX_SEARCHED_LINE) continue;
    const line = readLine(withoutComment(written), index);
    if (line.content === "" || /^(?:---|%)/.test(line.content)) continue;
    if (line.indent > skipDeeperThan) continue;
    const skips = BLOCK_SCALAR.test(line.seen) || ANNOTATIONS.test(line.keyText);
    skipDeeperThan = skips ? line.indent : Number.POSITIVE_INFINITY;
    lines.push(line);
  }
  return lines;
}

function readLine(written: string, start: number): Line {
  const kept = ODD.test(written) ? visibleIndexes(written) : undefined;
  const visible = kept === undefined ? written : kept.map((index) => written.charAt(index)).join("");
  const seen = visible.replace(ODD_SPACES, " ");
  const indent = /^[ \t]*/.exec(seen)?.[0].length ?? 0;
  const content = seen.slice(indent);
  const hyphens = HYPHENS.exec(content)?.[0].length ?? 0;
  const keyStart = indent + hyphens;
  return { start, written, seen, indent, content, isItem: hyphens > 0, keyStart, keyText: seen.slice(keyStart), kept };
}

function visibleIndexes(written: string): number[] {
  return Array.from(written, (_, index) => index).filter((index) => !INVISIBLE.test(written.charAt(index)));
}

/** A `#` after space begins a comment, except between quotes. */
function withoutComment(line: string): string {
  let quote = "";
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    const before = line.charAt(index - 1);
    if (quote !== "") quote = character === quote ? "" : quote;
    else if (/["']/.test(character) && /^$|[\s:,[{-]/.test(before)) quote = character;
    else if (character === "#" && /^$|\s/.test(before)) return line.slice(0, index);
  }
  return line;
}
