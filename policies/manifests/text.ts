/** From the bytes of a file to text whose places can be named. */
import type { Code } from "./codes.ts";
import { describeFileProblem } from "./file-problems.ts";
import { MAX_FILE_BYTES } from "./limits.ts";

export interface Place {
  readonly line: number;
  /** In UTF-16 units, as editors count. */
  readonly column: number;
}

export interface TextProblem {
  readonly code: Code;
  readonly offset: number;
  readonly message: string;
  readonly fix: string;
}

export type Decoded =
  /** `byteOrderMark`: one stood before the text. */
  | { readonly text: string; readonly byteOrderMark: boolean }
  /** `text`: what could be read up to the problem, so that the place can be named. */
  | { readonly text: string; readonly problem: TextProblem };

/** UTF-8 without NUL, at most MAX_FILE_BYTES. */
export function decode(bytes: Uint8Array): Decoded {
  if (bytes.length > MAX_FILE_BYTES) return { text: "", problem: { offset: 0, ...describeFileProblem("too-large") } };
  if ((bytes[0] === 0xfe && bytes[1] === 0xff) || (bytes[0] === 0xff && bytes[1] === 0xfe)) {
    const message = "the file is UTF-16";
    return { text: "", problem: { code: "encoding", offset: 0, message, fix: "save it as UTF-8" } };
  }
  const decoded = decodeUtf8(bytes);
  if (decoded === undefined) return invalidUtf8(bytes);
  const byteOrderMark = decoded.startsWith("\uFEFF");
  const text = byteOrderMark ? decoded.slice(1) : decoded;
  const nul = text.indexOf("\0");
  if (nul < 0) return { text, byteOrderMark };
  const message = "the file contains a NUL character (U+0000)";
  return { text, problem: { code: "nul-character", offset: nul, message, fix: "delete it; a manifest is text" } };
}

const utf8 = () => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const whole = utf8();

/** Undefined where the bytes are no UTF-8. `unfinished`: they may end within a character. */
function decodeUtf8(bytes: Uint8Array, unfinished = false): string | undefined {
  try {
    return unfinished ? utf8().decode(bytes, { stream: true }) : whole.decode(bytes);
  } catch {
    return undefined; // what `fatal` promises for bytes that are no UTF-8; nothing else can fail here
  }
}

/** Halving finds how far the bytes decode; what of that is no whole character yet begins the bad sequence. */
function invalidUtf8(bytes: Uint8Array): Decoded {
  let good = 0;
  let bad = bytes.length + 1;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (decodeUtf8(bytes.subarray(0, middle), true) === undefined) bad = middle;
    else good = middle;
  }
  const text = decodeUtf8(bytes.subarray(0, good), true) ?? "";
  const byte = bytes[new TextEncoder().encode(text).length] ?? 0;
  const message = `the byte 0x${byte.toString(16).padStart(2, "0")} begins no UTF-8 character`;
  return { text, problem: { code: "encoding", offset: text.length, message, fix: "save the file as UTF-8" } };
}

/** Finds line and column of an offset; line breaks are those of YAML: LF, CR LF and CR. */
export class Lines {
  readonly #starts: number[] = [0];

  constructor(text: string) {
    if (text.includes("\r")) {
      for (const { index, 0: lineBreak } of text.matchAll(/\r\n?|\n/g)) this.#starts.push(index + lineBreak.length);
      return;
    }
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) this.#starts.push(at + 1);
  }

  at(offset: number): Place {
    let low = 0;
    let high = this.#starts.length;
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if ((this.#starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return { line: low + 1, column: offset - (this.#starts[low] ?? 0) + 1 };
  }
}
