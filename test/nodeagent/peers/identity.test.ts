// A node's key pair on disk, over many runs of its agent
import { chmod, mkdtempDisposable, readFile, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { beginRun } from "../../../nodeagent/peers/identity.ts";
import { pairKeys } from "../../../nodeagent/peers/keys.ts";

async function folder() {
  const made = await mkdtempDisposable(join(tmpdir(), "sallyport-identity-"));
  return { path: join(made.path, "state", "peer-key.json"), [Symbol.asyncDispose]: () => made.remove() };
}

test("the first run makes a pair, and the next ones keep it, with a larger number each", async () => {
  await using place = await folder();
  const first = await beginRun(place.path, 1_000);
  const second = await beginRun(place.path, 2_000);
  const third = await beginRun(place.path, 500);
  expect([first.run, second.run, third.run]).toEqual([1_000, 2_000, 2_001]);
  expect([first.renewed, second.renewed, third.renewed]).toEqual(["there was none", null, null]);
  expect(new Set([first, second, third].map(({ publicKey }) => publicKey)).size).toBe(1);
  expect(first.publicKey).toMatch(/^[A-Za-z0-9_-]{43}$/);
});

test("the file is for its owner only", async () => {
  await using place = await folder();
  await beginRun(place.path, 1_000);
  expect((await stat(place.path)).mode & 0o777).toBe(0o600);
});

test.each<[string, (text: string, path: string) => Promise<void>, RegExp]>([
  ["is cut short", (text, path) => writeFile(path, text.slice(0, 40)), /cannot be read as a key pair/],
  ["is empty", (_, path) => writeFile(path, ""), /cannot be read/],
  ["is another JSON", (_, path) => writeFile(path, "null"), /cannot be read/],
  ["has no run", (text, path) => writeFile(path, text.replace("run", "ran")), /cannot be read/],
  ["has a run that is no number", (text, path) => writeFile(path, text.replace("1000", '"1"')), /cannot be read/],
  ["has a garbled key", (text, path) => writeFile(path, text.replace('privateKey":"', 'privateKey":"AAAA')), /cannot/],
  ["could be read by others", (_, path) => chmod(path, 0o640), /could be read by others/],
])("a file that %s makes a new pair, and says so", async (_, spoil, why) => {
  await using place = await folder();
  const before = await beginRun(place.path, 1_000);
  await spoil(await readFile(place.path, "utf8"), place.path);
  const after = await beginRun(place.path, 2_000);
  expect(after.renewed).toMatch(why);
  expect(after.renewed).not.toContain(before.privateKey.export({ format: "jwk" }).d);
  expect(after.publicKey).not.toBe(before.publicKey);
  expect((await stat(place.path)).mode & 0o777).toBe(0o600);
  expect((await beginRun(place.path, 3_000)).publicKey).toBe(after.publicKey);
});

test("two nodes derive the same two keys, one for each direction, and different ones under other names", async () => {
  await using place = await folder();
  await using other = await folder();
  const a = { ...(await beginRun(place.path, 1)), node: "a", ip: "192.0.2.1" };
  const b = { ...(await beginRun(other.path, 1)), node: "b", ip: "192.0.2.2" };
  const [atA, atB, renamed] = [pairKeys(a, b), pairKeys(b, a), pairKeys({ ...a, node: "c" }, b)];
  const raw = (key?: { export(): unknown }) => key?.export();
  expect(raw(atA?.sending)).toEqual(raw(atB?.receiving));
  expect(raw(atA?.receiving)).toEqual(raw(atB?.sending));
  expect(raw(atA?.sending)).not.toEqual(raw(atA?.receiving));
  expect(raw(renamed?.sending)).not.toEqual(raw(atA?.sending));
});
