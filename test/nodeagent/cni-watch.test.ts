import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";
import { openCniCache } from "../../nodeagent/pods/cni-cache.ts";
import { until } from "../lab/until.ts";

test("a directory that comes about, or comes again, is watched from then on", async () => {
  const parent = await mkdtemp(join(tmpdir(), "cni-"));
  const directory = join(parent, "results");
  const ended = new AbortController();
  let calls = 0;
  openCniCache(directory).watch(() => {
    calls += 1;
  }, ended.signal);
  for (let time = 0; time < 2; time++) {
    const before = calls;
    await mkdir(directory);
    await until("the directory to be noticed", () => calls > before);
    const noticed = calls;
    await writeFile(join(directory, "net-pod-eth0"), "{}");
    await until("the file to be noticed", () => calls > noticed);
    await rm(directory, { recursive: true });
  }
  ended.abort();
  await rm(parent, { recursive: true });
});
