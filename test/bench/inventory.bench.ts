/**
 * Reading what kubectl prints for a large cluster, beside the plain parser (`JSON.parse`, js-yaml's `load`) on the same
 * file. Each figure is from a process of its own; `base MB` is that process with the reader loaded and nothing read.
 *
 *     node test/bench/inventory.bench.ts [PODS…]
 */
import { execFile } from "node:child_process";
import { mkdtempDisposable, readFile, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { load } from "js-yaml";
import { readInventoryFile } from "../../reconciler/inventory/file.ts";
import { type Format, writeKubectlOutput } from "./kubectl-output.ts";

const PODS_OF_A_NODE = 30;
const ROUNDS = 3;
const MB = 1_000_000;

interface Measured {
  readonly readMs: number;
  readonly againMs: number;
  readonly peakBytes: number;
  readonly baseBytes: number;
}

const [mode, ...rest] = process.argv.slice(2);
if (mode === "read" || mode === "parse") {
  console.log(JSON.stringify(await measureHere(mode, rest[0] as string)));
} else {
  for (const pods of process.argv.length > 2 ? process.argv.slice(2).map(Number) : [10_000, 50_000]) {
    console.table([await row(pods, "json"), await row(pods, "yaml")]);
  }
}

async function row(pods: number, format: Format): Promise<object> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "inventory-"));
  const file = join(folder.path, `inventory.${format}`);
  await writeKubectlOutput(file, format, { pods, nodes: Math.ceil(pods / PODS_OF_A_NODE) });
  const read: Measured[] = [];
  for (let i = 0; i < ROUNDS; i++) read.push(await measure("read", file));
  const parsed = await measure("parse", file).catch(() => undefined);
  const readMs = median(read.map((round) => round.readMs));
  return {
    pods,
    file: `${format} ${Math.round((await stat(file)).size / MB)} MB`,
    "read ms": Math.round(readMs),
    "again, unchanged ms": Math.round(median(read.map((round) => round.againMs))),
    "peak MB": Math.round(Math.max(...read.map((round) => round.peakBytes)) / MB),
    "base MB": Math.round(median(read.map((round) => round.baseBytes)) / MB),
    ...(parsed === undefined
      ? { "parser ms": "too long for a string" }
      : {
          "parser ms": Math.round(parsed.readMs),
          "parser peak MB": Math.round(parsed.peakBytes / MB),
          ratio: Math.round((readMs / parsed.readMs) * 100) / 100,
        }),
  };
}

async function measure(what: "read" | "parse", file: string): Promise<Measured> {
  const heap = what === "parse" ? ["--max-old-space-size=16000"] : [];
  const { stdout } = await promisify(execFile)(process.execPath, [...heap, import.meta.filename, what, file]);
  return JSON.parse(stdout) as Measured;
}

async function measureHere(what: "read" | "parse", file: string): Promise<Measured> {
  const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;
  const baseBytes = peakBytes();
  const start = performance.now();
  if (what === "parse") {
    const text = await readFile(file, "utf8");
    if (file.endsWith("json")) JSON.parse(text);
    else load(text);
    return { readMs: performance.now() - start, againMs: Number.NaN, peakBytes: peakBytes(), baseBytes };
  }
  const view = await readInventoryFile(file);
  const readMs = performance.now() - start;
  const peak = peakBytes();
  if ((await readInventoryFile(file, view)) !== view) throw new Error("the same file gave another view");
  return { readMs, againMs: performance.now() - start - readMs, peakBytes: peak, baseBytes };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}
