/** The variable-length numbers before each object of a pack (gitformat-pack). */
import { GitError } from "./failure.ts";

/** Bits 4–6 of the first byte are the type; the size is little-endian, four bits first and then groups of seven. */
export function readEntryHead(pack: Buffer, start: number): { type: number; size: number; end: number } {
  let offset = start;
  let byte = byteAt(pack, offset++);
  const type = (byte >> 4) & 7;
  let size = byte & 15;
  for (let scale = 16; byte & 0x80; scale *= 128) {
    byte = byteAt(pack, offset++);
    size += (byte & 0x7f) * scale;
  }
  return { type, size, end: offset };
}

/** The distance back to an offset delta's base: big-endian groups of seven bits, each continuation adding one. */
export function readDistance(pack: Buffer, start: number): { value: number; end: number } {
  let offset = start;
  let byte = byteAt(pack, offset++);
  let value = byte & 0x7f;
  while (byte & 0x80) {
    byte = byteAt(pack, offset++);
    value = (value + 1) * 128 + (byte & 0x7f);
  }
  return { value, end: offset };
}

export function damaged(what: string, cause?: unknown): GitError {
  return new GitError("transient", `the pack is damaged: ${what}`, { cause });
}

function byteAt(bytes: Buffer, offset: number): number {
  const byte = bytes[offset];
  if (byte === undefined) throw damaged("it ends inside an object");
  return byte;
}
