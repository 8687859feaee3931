import { createHash } from "node:crypto";
import { deflateSync } from "node:zlib";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GitError } from "../../reconciler/source/failure.ts";
import type { GitObject } from "../../reconciler/source/objects.ts";
import { objectId, readPack } from "../../reconciler/source/pack.ts";
import { pinnedGitEnvironment } from "../lab/git-server.ts";
import { TestRepository } from "./repository.ts";

const budget = { objects: 1000, objectBytes: 100_000, totalBytes: 1_000_000 };

describe("packs made by git", () => {
  test.each([
    { name: "offset deltas", options: ["--delta-base-offset"] },
    { name: "deltas by object id", options: [] },
    { name: "no deltas", options: ["--depth=0"] },
  ])("$name: every object is as cat-file prints it", async ({ options }) => {
    await using repository = await historyOfOneFile(12);
    const pack = await packObjects(repository, ["HEAD"], options);
    const objects = readPack(pack, budget);
    expect(objects.size).toBe(36);
    for (const [oid, { type, body }] of objects) {
      const { stdout } = await execa("git", ["-C", repository.worktree, "cat-file", type, oid], {
        encoding: "buffer",
        stripFinalNewline: false,
      });
      expect(body.equals(stdout)).toBe(true);
    }
  });

  test("a thin pack takes its bases from what is known", async () => {
    await using repository = await historyOfOneFile(2);
    const known = readPack(await packObjects(repository, ["HEAD~1"], []), budget);
    const thin = await packObjects(repository, ["HEAD", "^HEAD~1"], ["--thin"]);
    const blob = await repository.git("rev-parse", "HEAD:file.yaml");
    expect(readPack(thin, budget, known).get(blob)?.type).toBe("blob");
    expect(() => readPack(thin, budget)).toThrow("a delta's base is missing");
  });

  test("wherever a pack is cut, and whichever byte is changed, it is refused", async () => {
    await using repository = await historyOfOneFile(2);
    const pack = await packObjects(repository, ["HEAD"], ["--delta-base-offset"]);
    for (let length = 0; length < pack.length; length++) {
      expect(() => readPack(pack.subarray(0, length), budget)).toThrow(GitError);
    }
    for (let offset = 0; offset < pack.length; offset++) {
      const changed = Buffer.from(pack);
      changed[offset] = (changed[offset] ?? 0) ^ 0x41;
      expect(() => readPack(changed, budget)).toThrow(GitError);
    }
  });

  test("damage under a right checksum never yields an object with a wrong id, and never another error", async () => {
    await using repository = await historyOfOneFile(8);
    const pack = await packObjects(repository, ["HEAD"], ["--delta-base-offset"]);
    const change = fc.record({ offset: fc.nat(pack.length - 21), byte: fc.nat(255) });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const changed = Buffer.from(pack.subarray(0, -20));
        for (const { offset, byte } of changes) changed[offset] = byte;
        try {
          for (const [oid, { type, body }] of readPack(sealed(changed), budget)) {
            expect(objectId(type, body)).toBe(oid);
          }
        } catch (error) {
          expect(error).toBeInstanceOf(GitError);
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe("hostile packs", () => {
  const base = Buffer.alloc(1000, "x");
  test.each([
    {
      name: "an object larger than allowed",
      pack: packOf([blob(Buffer.alloc(100_001))]),
      says: "an object of 100001 bytes",
    },
    {
      name: "an object that inflates to more than it declares",
      pack: packOf([Buffer.concat([entryHead(3, 10), deflateSync(Buffer.alloc(50_000_000))])]),
      says: "cannot be inflated",
    },
    {
      name: "an object that inflates to one byte more than it declares",
      pack: packOf([Buffer.concat([entryHead(3, 99), deflateSync(Buffer.alloc(100))])]),
      says: "not as long as it says",
    },
    {
      name: "an object that inflates to less than it declares",
      pack: packOf([Buffer.concat([entryHead(3, 101), deflateSync(Buffer.alloc(100))])]),
      says: "not as long as it says",
    },
    { name: "a declared size beyond all numbers", pack: packOf([entryHeadOfOnes()]), says: "the limit is" },
    {
      name: "more bytes together than allowed",
      pack: packOf(Array.from({ length: 11 }, (_, index) => blob(Buffer.alloc(99_000, index)))),
      says: "more than 1000000 bytes",
    },
    {
      name: "more objects than allowed",
      pack: packOf(Array.from({ length: 1001 }, (_, index) => blob(Buffer.from(String(index))))),
      says: "1001 objects",
    },
    {
      name: "a delta that declares a result larger than allowed",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(1000, 100_001), 1, 0x78])]),
      says: "an object of 100001 bytes",
    },
    {
      name: "small deltas whose results are too many bytes together",
      pack: packOf([blob(Buffer.alloc(90_000)), ...Array.from({ length: 11 }, (_, index) => growingDelta(index))]),
      says: "more than 1000000 bytes",
    },
    {
      name: "a delta that copies from behind its base",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(1000, 10), 0x93, 0xe7, 0x03, 10])]),
      says: "does not fit its base",
    },
    {
      name: "a delta that writes more than it declares",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(1000, 1), 2, 0x78, 0x78])]),
      says: "does not fit its base",
    },
    {
      name: "a delta that writes less than it declares",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(1000, 3), 2, 0x78, 0x78])]),
      says: "does not fit its base",
    },
    {
      name: "a delta for a base of another size",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(999, 1), 1, 0x78])]),
      says: "does not fit its base",
    },
    {
      name: "the reserved instruction",
      pack: packOf([blob(base), refDelta(idOf(base), [...sizes(1000, 1), 0])]),
      says: "does not fit its base",
    },
    {
      name: "a delta that is its own base",
      pack: packOf([offsetDelta(0, [...sizes(1, 1), 1, 0x78])]),
      says: "a delta's base is missing",
    },
    {
      name: "a base before the beginning",
      pack: packOf([offsetDelta(1000, [...sizes(1, 1), 1, 0x78])]),
      says: "a delta's base is missing",
    },
    {
      name: "an unknown type of object",
      pack: packOf([Buffer.concat([entryHead(5, 0), deflateSync("")])]),
      says: "type 5",
    },
    { name: "fewer objects than counted", pack: packOf([blob(base)], 2), says: "the pack is damaged" },
    {
      name: "more objects than counted",
      pack: packOf([blob(base), blob(Buffer.of())], 1),
      says: "after the last object",
    },
    { name: "an unknown version", pack: packOf([], 0, 3), says: "unknown version 3" },
    { name: "no pack at all", pack: Buffer.from("<html>".repeat(10)), says: "no pack" },
  ])("$name", ({ pack, says }) => {
    expect(() => readPack(pack, budget)).toThrow(says);
  });

  test("deltas of both kinds, copying and inserting, have the result they describe", () => {
    const copyTwice = [...sizes(1000, 2003), 0xb0, 0xe8, 0x03, 3, 0x61, 0x62, 0x63, 0xb0, 0xe8, 0x03];
    const result = Buffer.concat([base, Buffer.from("abc"), base]);
    const whole = blob(base);
    for (const delta of [refDelta(idOf(base), copyTwice), offsetDelta(whole.length, copyTwice)]) {
      expect(
        readPack(packOf([whole, delta]), budget)
          .get(idOf(result))
          ?.body.equals(result),
      ).toBe(true);
    }
  });

  test("a copy without a length copies 65,536 bytes", () => {
    const long = Buffer.alloc(70_000, "y");
    const delta = refDelta(idOf(long), [...sizes(70_000, 65_536), 0x81, 9]);
    expect(readPack(packOf([blob(long), delta]), budget).has(idOf(long.subarray(9, 65_545)))).toBe(true);
  });

  test("a chain of 900 deltas, each waiting for the next, is resolved without recursion", () => {
    const texts = Array.from({ length: 900 }, (_, index) => Buffer.from(`version ${index}`.padEnd(20)));
    const deltas = texts.slice(1).map((text, index) => {
      const whole = [...sizes(20, 20), 20, ...text];
      return refDelta(idOf(texts[index] ?? Buffer.of()), whole);
    });
    const objects = readPack(packOf([...deltas.reverse(), blob(texts[0] ?? Buffer.of())]), budget);
    expect(objects.get(idOf(Buffer.from("version 899".padEnd(20))))?.type).toBe("blob");
  });

  test("bytes are not copied before the budget is checked", () => {
    const before = process.memoryUsage().arrayBuffers;
    const pack = packOf([Buffer.concat([entryHead(3, 400_000_000), deflateSync(Buffer.alloc(1000))])]);
    expect(() => readPack(pack, budget)).toThrow("an object of 400000000 bytes");
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(10_000_000);
  });
});

/** A file of 200 lines of which each commit changes one. */
async function historyOfOneFile(commits: number): Promise<TestRepository> {
  const repository = await TestRepository.create();
  const lines = Array.from({ length: 200 }, (_, index) => `line ${index}: ${objectId("blob", Buffer.from([index]))}`);
  for (let index = 0; index < commits; index++) {
    lines[index * 5] = `changed in ${index}`;
    await repository.commit({ "file.yaml": `${lines.join("\n")}\n` }, `Change ${index}`);
  }
  return repository;
}

async function packObjects(repository: TestRepository, revisions: string[], options: string[]): Promise<Buffer> {
  const args = ["-C", repository.worktree, "pack-objects", "--revs", "--stdout", "-q", ...options];
  const { stdout } = await execa("git", args, {
    input: revisions.map((revision) => `${revision}\n`).join(""),
    encoding: "buffer",
    stripFinalNewline: false,
    env: pinnedGitEnvironment,
  });
  return Buffer.from(stdout);
}

function packOf(entries: readonly Buffer[], count = entries.length, version = 2): Buffer {
  const head = Buffer.alloc(12);
  head.write("PACK");
  head.writeUInt32BE(version, 4);
  head.writeUInt32BE(count, 8);
  return sealed(Buffer.concat([head, ...entries]));
}

function sealed(pack: Buffer): Buffer {
  return Buffer.concat([pack, createHash("sha1").update(pack).digest()]);
}

function blob(body: Buffer): Buffer {
  return Buffer.concat([entryHead(3, body.length), deflateSync(body)]);
}

function refDelta(base: string, delta: readonly number[]): Buffer {
  return Buffer.concat([entryHead(7, delta.length), Buffer.from(base, "hex"), deflateSync(Buffer.from(delta))]);
}

function offsetDelta(distance: number, delta: readonly number[]): Buffer {
  const groups = [distance & 0x7f];
  for (let rest = Math.floor(distance / 128); rest > 0; rest = Math.floor(rest / 128)) {
    rest--;
    groups.unshift(0x80 | (rest & 0x7f));
  }
  return Buffer.concat([entryHead(6, delta.length), Buffer.from(groups), deflateSync(Buffer.from(delta))]);
}

/** Copies the whole base of 90,000 zeros and adds a byte. */
function growingDelta(byte: number): Buffer {
  const copyAll = [0xf0, 0x90, 0x5f, 0x01];
  return refDelta(idOf(Buffer.alloc(90_000)), [...sizes(90_000, 90_001), ...copyAll, 1, byte]);
}

function entryHead(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let rest = Math.floor(size / 16); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 0x80;
    bytes.push(rest & 0x7f);
  }
  return Buffer.from(bytes);
}

function entryHeadOfOnes(): Buffer {
  return Buffer.concat([Buffer.alloc(200, 0xff), Buffer.of(0x7f), deflateSync("x")]);
}

function sizes(...values: readonly number[]): number[] {
  return values.flatMap((value) => {
    const bytes: number[] = [];
    for (let rest = value; ; rest = Math.floor(rest / 128)) {
      if (rest < 128) return [...bytes, rest];
      bytes.push(0x80 | (rest & 0x7f));
    }
  });
}

function idOf(body: GitObject["body"]): string {
  return objectId("blob", body);
}
