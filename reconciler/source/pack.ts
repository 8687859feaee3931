/**
 * Reads a pack (gitformat-pack) into memory. Everything in a pack may be hostile: each declared size is held against
 * the budget before a byte is inflated, delta chains are resolved by a work list rather than by recursion, and an
 * object is known by the hash of what was really read.
 */
import { createHash } from "node:crypto";
import { inflateSync } from "node:zlib";
import { applyDelta, readDeltaSizes } from "./delta.ts";
import { GitError } from "./failure.ts";
import type { GitObject, ObjectMap, ObjectType } from "./objects.ts";
import { damaged, readDistance, readEntryHead } from "./pack-entry.ts";

export interface PackBudget {
  readonly objects: number;
  /** Of one object, inflated. */
  readonly objectBytes: number;
  /** Of all objects together, inflated. */
  readonly totalBytes: number;
}

const typeNames: Readonly<Record<number, ObjectType>> = { 1: "commit", 2: "tree", 3: "blob", 4: "tag" };
const offsetDelta = 6;
const refDelta = 7;

interface Delta {
  readonly offset: number;
  readonly bytes: Buffer;
}

interface Reading {
  readonly pack: Buffer;
  readonly budget: PackBudget;
  readonly known: ObjectMap;
  readonly objects: Map<string, GitObject>;
  readonly byOffset: Map<number, GitObject>;
  /** Deltas whose base has not been read, by the base's offset or object id. */
  readonly waiting: Map<number | string, Delta[]>;
  bytesLeft: number;
}

/**
 * The objects of a pack by id. `known` serves as bases of thin packs. Throws `GitError`: transient when the pack is
 * damaged, permanent when it exceeds the budget.
 */
export function readPack(pack: Buffer, budget: PackBudget, known: ObjectMap = new Map()): Map<string, GitObject> {
  const count = readHeader(pack, budget);
  const reading: Reading = {
    pack,
    budget,
    known,
    objects: new Map(),
    byOffset: new Map(),
    waiting: new Map(),
    bytesLeft: budget.totalBytes,
  };
  let offset = 12;
  for (let index = 0; index < count; index++) offset = readEntry(reading, offset);
  if (offset !== pack.length - 20) throw damaged("bytes after the last object");
  if (reading.waiting.size > 0) throw damaged("a delta's base is missing");
  return reading.objects;
}

export function objectId(type: ObjectType, body: Uint8Array): string {
  return createHash("sha1").update(`${type} ${body.length}\0`).update(body).digest("hex");
}

function readHeader(pack: Buffer, budget: PackBudget): number {
  if (pack.length < 32 || pack.toString("latin1", 0, 4) !== "PACK") throw damaged("no pack");
  if (pack.readUInt32BE(4) !== 2) throw damaged(`unknown version ${pack.readUInt32BE(4)}`);
  const trailer = pack.subarray(pack.length - 20);
  const digest = createHash("sha1")
    .update(pack.subarray(0, pack.length - 20))
    .digest();
  if (!trailer.equals(digest)) throw damaged("wrong checksum");
  const count = pack.readUInt32BE(8);
  if (count > budget.objects) throw overBudget(`${count} objects; the limit is ${budget.objects}`);
  return count;
}

/** What `inflateSync` returns with `info`; its type declarations do not say so. */
interface InflateInfo {
  readonly buffer: Buffer;
  readonly engine: { readonly bytesWritten: number };
}

/** Returns the offset after the entry. */
function readEntry(reading: Reading, offset: number): number {
  const head = readEntryHead(reading.pack, offset);
  if (head.type === offsetDelta) {
    const distance = readDistance(reading.pack, head.end);
    const baseOffset = offset - distance.value;
    const { body, end } = inflate(reading, distance.end, head.size);
    resolveDelta(reading, baseOffset, { offset, bytes: body });
    return end;
  }
  if (head.type === refDelta) {
    const base = reading.pack.toString("hex", head.end, head.end + 20);
    const { body, end } = inflate(reading, head.end + 20, head.size);
    resolveDelta(reading, base, { offset, bytes: body });
    return end;
  }
  const type = typeNames[head.type];
  if (type === undefined) throw damaged(`unknown object type ${head.type}`);
  const { body, end } = inflate(reading, head.end, head.size);
  settle(reading, offset, { type, body });
  return end;
}

function inflate(reading: Reading, start: number, size: number): { body: Buffer; end: number } {
  spend(reading, size);
  const compressed = reading.pack.subarray(start, reading.pack.length - 20);
  try {
    // One byte more than declared, so that a longer stream is an error rather than cut; zlib's smallest chunk is 64.
    const limit = Math.max(64, size + 1);
    const options = { info: true, chunkSize: limit, maxOutputLength: limit };
    const { buffer, engine } = inflateSync(compressed, options) as unknown as InflateInfo;
    if (buffer.length !== size) throw damaged("an object is not as long as it says");
    return { body: buffer, end: start + engine.bytesWritten };
  } catch (error) {
    throw error instanceof GitError ? error : damaged("an object cannot be inflated", error);
  }
}

function spend(reading: Reading, size: number): void {
  const { objectBytes, totalBytes } = reading.budget;
  if (size > objectBytes) throw overBudget(`an object of ${size} bytes; the limit is ${objectBytes}`);
  reading.bytesLeft -= size;
  if (reading.bytesLeft < 0) throw overBudget(`more than ${totalBytes} bytes of objects`);
}

function resolveDelta(reading: Reading, baseKey: number | string, delta: Delta): void {
  const base =
    typeof baseKey === "number"
      ? reading.byOffset.get(baseKey)
      : (reading.objects.get(baseKey) ?? reading.known.get(baseKey));
  if (base !== undefined) {
    settle(reading, delta.offset, patched(reading, base, delta));
    return;
  }
  const waiting = reading.waiting.get(baseKey);
  if (waiting) waiting.push(delta);
  else reading.waiting.set(baseKey, [delta]);
}

/** Records an object and all that waited for it. */
function settle(reading: Reading, offset: number, object: GitObject): void {
  const settled = [{ offset, object }];
  for (let next = settled.pop(); next !== undefined; next = settled.pop()) {
    const oid = objectId(next.object.type, next.object.body);
    reading.objects.set(oid, next.object);
    reading.byOffset.set(next.offset, next.object);
    for (const key of [next.offset, oid]) {
      for (const delta of reading.waiting.get(key) ?? []) {
        settled.push({ offset: delta.offset, object: patched(reading, next.object, delta) });
      }
      reading.waiting.delete(key);
    }
  }
}

function patched(reading: Reading, base: GitObject, delta: Delta): GitObject {
  spend(reading, readDeltaSizes(delta.bytes).result);
  return { type: base.type, body: applyDelta(base.body, delta.bytes) };
}

function overBudget(what: string): GitError {
  return new GitError("permanent", `the commit is too large to read: ${what}`);
}
