/** Deltas of packs (gitformat-pack, "Deltified representation"): copy from the base, or insert. */
import { GitError } from "./failure.ts";

/** Declared sizes of the base and of the result, and where the instructions begin. */
export function readDeltaSizes(delta: Buffer): { base: number; result: number; end: number } {
  const base = readSize(delta, 0);
  const result = readSize(delta, base.end);
  return { base: base.value, result: result.value, end: result.end };
}

/** Throws a transient `GitError` unless the delta fits the base and yields exactly the size it declares. */
export function applyDelta(base: Buffer, delta: Buffer): Buffer {
  const sizes = readDeltaSizes(delta);
  if (sizes.base !== base.length) throw damaged();
  const result = Buffer.allocUnsafe(sizes.result);
  let written = 0;
  let offset = sizes.end;
  while (offset < delta.length) {
    const instruction = byteAt(delta, offset++);
    let source = delta;
    let from = offset;
    let length = instruction;
    if (instruction & 0x80) {
      const copy = readCopy(delta, instruction, offset);
      offset = copy.end;
      source = base;
      from = copy.from;
      length = copy.length;
    } else {
      offset += length;
    }
    // An instruction of 0 is reserved.
    if (length === 0 || from + length > source.length || written + length > result.length) throw damaged();
    source.copy(result, written, from, from + length);
    written += length;
  }
  if (written !== result.length) throw damaged();
  return result;
}

/** Bits 0–3 say which bytes of the offset follow, bits 4–6 which of the length; a length of 0 means 65,536. */
function readCopy(delta: Buffer, instruction: number, start: number): { from: number; length: number; end: number } {
  let end = start;
  const readBytes = (firstBit: number, count: number): number => {
    let value = 0;
    for (let index = 0; index < count; index++) {
      if (instruction & (1 << (firstBit + index))) value += byteAt(delta, end++) * 256 ** index;
    }
    return value;
  };
  const from = readBytes(0, 4);
  const length = readBytes(4, 3) || 0x10000;
  return { from, length, end };
}

function readSize(delta: Buffer, start: number): { value: number; end: number } {
  let value = 0;
  let scale = 1;
  for (let offset = start; ; scale *= 128) {
    const byte = byteAt(delta, offset++);
    value += (byte & 0x7f) * scale;
    if (!(byte & 0x80)) return { value, end: offset };
  }
}

function byteAt(delta: Buffer, offset: number): number {
  const byte = delta[offset];
  if (byte === undefined) throw damaged();
  return byte;
}

function damaged(): GitError {
  return new GitError("transient", "the pack is damaged: a delta does not fit its base");
}
