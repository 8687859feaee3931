// What a node must not forget about leases, in a real file
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { StoredRegister } from "../../../nodeagent/lease/register.ts";
import { openLeaseDisk } from "../../../nodeagent/leasing/disk.ts";

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "lease-disk-"));
  path = join(folder, "lease.json");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const NOW_MS = 1_800_000_000_000;
const open = (nowMs = NOW_MS) => openLeaseDisk(path, "worker1", () => nowMs);
const register = (epoch: number): StoredRegister => ({
  promised: null,
  accepted: { epoch, owner: "worker1", ballot: [epoch, "worker1", 1] },
  park: null,
});

test("what was persisted is there again, the newest of each", async () => {
  const disk = await open();
  const set = { version: 1, members: [disk.witness] };
  await Promise.all([
    disk.persist({ registers: [["192.168.1.100", register(1)]], set }),
    disk.persist({ registers: [["192.168.1.100", register(2)]], set: null }),
    disk.persist({ registers: [["192.168.1.101", register(1)]], set: null }),
  ]);
  const again = await open();
  expect(again.witness).toBe(disk.witness);
  expect(again.set()).toEqual(set);
  expect(again.registers()).toEqual([
    ["192.168.1.100", register(2)],
    ["192.168.1.101", register(1)],
  ]);
});

test("writes are on disk in the order asked", async () => {
  const disk = await open();
  const done: number[] = [];
  const writes = [1, 2, 3].map(async (epoch) => {
    await disk.persist({ registers: [["192.168.1.100", register(epoch)]], set: null });
    done.push(epoch);
    expect(JSON.parse(await readFile(path, "utf8")).registers[0][1].accepted.epoch).toBeGreaterThanOrEqual(epoch);
  });
  await Promise.all(writes);
  expect(done).toEqual([1, 2, 3]);
});

test("a generation is larger than every earlier one, with a clock that went back, and when the gate knows a larger one", async () => {
  const disk = await open();
  const first = await disk.nextGeneration(0);
  expect(first).toBe(NOW_MS / 1_000);
  expect(await disk.nextGeneration(0)).toBe(first + 1);
  expect(await (await open(0)).nextGeneration(0)).toBe(first + 2);
  expect(await (await open(0)).nextGeneration(first + 10)).toBe(first + 11);
});

test("a witness that lost its disk, or cannot read it, is another witness", async () => {
  const names = [(await open()).witness];
  await rm(path);
  names.push((await open()).witness);
  await writeFile(path, '{"disk": "x"');
  names.push((await open()).witness);
  expect(new Set(names).size).toBe(3);
  for (const name of names) expect(name).toMatch(/^worker1#[0-9a-f]{16}$/);
});

test("after a write that failed all fail", async () => {
  const disk = await open();
  await rm(folder, { recursive: true });
  await writeFile(folder, "");
  const write = { registers: [["192.168.1.100", register(1)] as const], set: null };
  await expect(disk.persist(write)).rejects.toThrow();
  await rm(folder);
  await expect(disk.persist(write)).rejects.toThrow();
});
