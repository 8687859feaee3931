// Files of the CNI cache are not read twice, and yet nothing that happens to them is missed.
import { mkdtemp, rename, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, expect, test, vi } from "vitest";
import { openCniFiles } from "../../nodeagent/pods/cni-files.ts";
import { attachment } from "./states.ts";

const folder = await mkdtemp(join(tmpdir(), "cni-"));
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.useRealTimers());

const [file, other] = [join(folder, "web"), join(folder, "other")];
const HOUR_MS = 3_600_000;

/** Always of the same size. */
const entry = (ip: string) => {
  const { namespace, name, uid, mac } = attachment(ip);
  const cniArgs = Object.entries({ K8S_POD_NAMESPACE: namespace, K8S_POD_NAME: name, K8S_POD_UID: uid });
  const result = { interfaces: [{ mac, sandbox: "/run/netns/x" }], ips: [{ interface: 0, address: `${ip}/32` }] };
  return JSON.stringify({ kind: "cniCacheV1", ifName: "eth0", cniArgs, result });
};

test.each([
  ["a moment ago", 0],
  ["an hour ago", HOUR_MS],
])("a file that was written %s: read again whatever becomes of it", async (_when, ageMs) => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.now() + ageMs });
  const read = openCniFiles(folder);
  // Whole seconds: what a Date can give back.
  const writtenAt = new Date(Math.floor(Date.now() / 1_000) * 1_000 - ageMs);
  await writeFile(file, entry("10.10.1.5"));
  await utimes(file, writtenAt, writtenAt);
  expect(await read()).toEqual([attachment("10.10.1.5")]);
  expect(await read()).toEqual([attachment("10.10.1.5")]);

  await writeFile(file, entry("10.10.1.6"));
  await utimes(file, writtenAt, writtenAt);
  expect(await read(), "written anew, of the same size, and the time set back").toEqual([attachment("10.10.1.6")]);

  await writeFile(other, entry("10.10.1.7"));
  await utimes(other, writtenAt, writtenAt);
  await rename(other, file);
  expect(await read(), "replaced by another file").toEqual([attachment("10.10.1.7")]);

  await writeFile(file, "");
  expect(await read(), "emptied").toEqual([]);

  await rm(file);
  expect(await read(), "removed").toEqual([]);

  await writeFile(file, entry("10.10.1.5"));
  await writeFile(other, entry("10.10.1.6"));
  await utimes(file, writtenAt, new Date(writtenAt.getTime() - HOUR_MS));
  expect(await read(), "newest first").toEqual([attachment("10.10.1.6"), attachment("10.10.1.5")]);
  await Promise.all([file, other].map((each) => rm(each)));
});
