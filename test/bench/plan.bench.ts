/**
 * How long a full plan takes, beside `JSON.parse` of the same cluster's view in the same process: the least that reading
 * an inventory could cost. Run with `node test/bench/plan.bench.ts`.
 */
import { nothingBefore, plan } from "../../policies/plan.ts";
import { makeWorld, type Size } from "./world.ts";

const sizes: Size[] = [
  { nodes: 50, pods: 1_000, policies: 100, floatingIPs: 20 },
  { nodes: 500, pods: 10_000, policies: 1_000, floatingIPs: 200 },
  { nodes: 5_000, pods: 150_000, policies: 10_000, floatingIPs: 2_000 },
];

const rounds = 5;

function medianMs(run: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const start = performance.now();
    run();
    return performance.now() - start;
  });
  return times.sort((a, b) => a - b)[Math.floor(rounds / 2)] ?? 0;
}

const rows = sizes.map((size) => {
  const { intent, view } = makeWorld(size);
  const start = performance.now();
  const first = plan(intent, view, nothingBefore);
  const coldMs = performance.now() - start;
  const warmMs = medianMs(() => plan(intent, view, first.next));
  const text = JSON.stringify(view);
  const parseMs = medianMs(() => JSON.parse(text));
  const rounded = (ms: number) => Math.round(ms * 10) / 10;
  return {
    ...size,
    "first ms": rounded(coldMs),
    "median ms": rounded(warmMs),
    "JSON.parse ms": rounded(parseMs),
    ratio: rounded(warmMs / parseMs),
    "RSS MB": Math.round(process.memoryUsage.rss() / 2 ** 20),
  };
});
console.table(rows);
