/**
 * Leaves out of an object's YAML what no view needs (nine lines of ten: containers, volumes, managed fields, container
 * states), for parsing it takes js-yaml half a minute in a large cluster. Only block mappings in kubectl's layout are
 * shortened; where anything else could depend on what is left out, nothing is.
 */
import { VIEWED_FIELDS } from "./project.ts";

const [LF, CR, SPACE, HASH, DASH, STAR] = [0x0a, 0x0d, 0x20, 0x23, 0x2d, 0x2a];

const SECTION_LINE = /^(?:metadata|spec|status):[ \r]*\n?$/;
const KEY = /^([A-Za-z]+):(?=[ \r\n]|$)/;
/** Longer than any section line or viewed field. */
const MAX_KEY_BYTES = 32;

/** @param item the lines of one element of a list, its dash included. What is left out is not checked to be YAML. */
export function neededLines(item: Buffer): Buffer {
  const dash = item.indexOf(DASH);
  const top = dash + 2;
  if (item[dash + 1] !== SPACE || item[top] === SPACE) return item;
  const kept: Buffer[] = [];
  let keptFrom = 0;
  let keeping = true;
  let inSection = false;
  for (let at = 0, end = 0; at < item.length; at = end) {
    const lineBreak = item.indexOf(LF, at);
    end = lineBreak < 0 ? item.length : lineBreak + 1;
    let textAt = at === 0 ? top : at;
    while (item[textAt] === SPACE) textAt++;
    const indent = textAt - at;
    if (indent > top + 2 || continues(item, textAt, indent === top + 2)) continue;
    if (indent !== top && indent !== top + 2) return item;
    const text = item.toString("latin1", textAt, Math.min(end, textAt + MAX_KEY_BYTES));
    if (indent === top) inSection = SECTION_LINE.test(text);
    const key = indent === top || !inSection ? undefined : KEY.exec(text)?.[1];
    const keep = key === undefined || VIEWED_FIELDS.has(key);
    if (keep === keeping) continue;
    if (keep) keptFrom = at;
    else kept.push(item.subarray(keptFrom, at));
    keeping = keep;
  }
  if (keeping) kept.push(item.subarray(keptFrom));
  const needed = Buffer.concat(kept);
  // An alias: what it stands for may have been left out.
  return needed.includes(STAR) ? item : needed;
}

/** A blank line, a comment, or an entry of a list in the column of its key. */
function continues(item: Buffer, textAt: number, inKeysColumn: boolean): boolean {
  const first = item[textAt];
  if (first === undefined || first === LF || first === CR || first === HASH) return true;
  return inKeysColumn && first === DASH && item[textAt + 1] === SPACE;
}
