/**
 * How long `sallyport check` takes for 2,000 manifests: as a cold process, from the sources and as built for the package,
 * beside an empty Node process; and reading alone beside js-yaml's `loadAll` of the same files in the same process.
 *
 *     node test/bench/check.bench.ts [MANIFESTS]
 */
import { mkdir, mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { loadAll } from "js-yaml";
import { readManifests } from "../../policies/manifests/read.ts";
import { readManifestPaths } from "../../reconciler/source/files.ts";
import { makeManifests } from "./manifests.ts";
import { buildPackage, elapsedMs, median, ROOT } from "./measure.ts";

const COLD_ROUNDS = 9;
const WARM_ROUNDS = 41;

await using work = await mkdtempDisposable(join(tmpdir(), "check-bench-"));
const tree = join(work.path, "tree");
const manifests = makeManifests(Number(process.argv[2] ?? 2_000));
await mkdir(tree);
for (const { path, text } of manifests) await writeFile(join(tree, path), text);
const packaged = await buildPackage(work.path);

const programs = {
  "node -e 0": ["-e", "0"],
  "check, from sources": [join(ROOT, "cli/sallyport.js"), "check", tree],
  "check, from the package": [packaged, "check", tree],
};
const cold = new Map(Object.keys(programs).map((name): [string, number[]] => [name, []]));
// In turns, so that a busy moment of the machine hits all of them.
for (let round = 0; round < COLD_ROUNDS; round++) {
  for (const [name, args] of Object.entries(programs)) {
    cold.get(name)?.push(await elapsedMs(() => execa(process.execPath, args)));
  }
}
for (const [name, times] of cold) console.log(`${name.padEnd(28)} median ${median(times).toFixed(0)} ms`);

const files = await readManifestPaths([tree]);
const decoder = new TextDecoder();
const readMs: number[] = [];
const loadMs: number[] = [];
for (let round = 0; round < WARM_ROUNDS; round++) {
  readMs.push(await elapsedMs(() => readManifests(files)));
  loadMs.push(await elapsedMs(() => files.map((file) => ("bytes" in file ? loadAll(decoder.decode(file.bytes)) : []))));
}
const bytes = manifests.reduce((sum, { text }) => sum + text.length, 0);
console.log(`readManifests of ${files.length} files, ${bytes} bytes:`);
console.log(`  first ${readMs[0]?.toFixed(0)} ms, median ${median(readMs).toFixed(0)} ms`);
console.log(`js-yaml loadAll of the same files:`);
console.log(`  first ${loadMs[0]?.toFixed(0)} ms, median ${median(loadMs).toFixed(0)} ms`);
console.log(`ratio of the medians: ${(median(readMs) / median(loadMs)).toFixed(2)}`);
