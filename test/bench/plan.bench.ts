/**
 * How long a full plan takes, beside `JSON.parse` of the same cluster's view in the same process: the least that reading
 * an inventory could cost. How long one pod's event takes on top of it: told by itself, and found between two views. What
 * a process weighs that only plans. Run with `node test/bench/plan.bench.ts`.
 */
import { execFileSync } from "node:child_process";
import { isDeepStrictEqual } from "node:util";
import type { Intent } from "../../policies/intent.ts";
import { nothingBefore, type Plan, plan, startPlanning } from "../../policies/plan.ts";
import { Planner } from "../../policies/planner.ts";
import type { PodChanges } from "../../policies/podchanges.ts";
import type { PodView, View } from "../../policies/view.ts";
import { makeWorld, podEvents, type Size } from "./world.ts";

const sizes: Size[] = [
  { nodes: 50, pods: 1_000, policies: 100, floatingIPs: 20 },
  { nodes: 500, pods: 10_000, policies: 1_000, floatingIPs: 200 },
  { nodes: 5_000, pods: 150_000, policies: 10_000, floatingIPs: 2_000 },
];

const ROUNDS = 7;
const EVENTS = 4_000;
const VIEWS = 400;

function elapsedMs(run: () => unknown): number {
  const start = performance.now();
  run();
  return performance.now() - start;
}

/** In ms. */
interface Spread {
  readonly median: number;
  readonly p99: number;
}

function spread(times: readonly number[]): Spread {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.floor(share * sorted.length)] as number;
  return { median: at(0.5), p99: at(0.99) };
}

const medianMs = (run: () => unknown): number => spread(Array.from({ length: ROUNDS }, () => elapsedMs(run))).median;

/** Told of each pod by itself. Checked: in the end the plan is what a full plan is. */
function followEvents(intent: Intent, view: View): Spread {
  const planning = startPlanning(intent, view, nothingBefore);
  const events = podEvents(view, EVENTS);
  const times = events.map((event) => elapsedMs(() => planning.apply(event)));
  const pods = events.reduce(happen, new Set(view.pods));
  const full = plan(intent, { ...view, pods: [...pods] }, planning.plan.next);
  if (!isDeepStrictEqual(planning.plan, full)) throw new Error("following the pods gave another plan than a full one");
  return spread(times);
}

function happen(pods: Set<PodView>, { removed, added }: PodChanges): Set<PodView> {
  for (const pod of removed) pods.delete(pod);
  for (const pod of added) pods.add(pod);
  return pods;
}

/** As the reconciler does: one view after the other, each with one other pod. */
function followViews(intent: Intent, view: View): Spread {
  const planner = new Planner();
  let { next } = planner.plan(intent, view, nothingBefore);
  let pods = view.pods;
  const times = podEvents(view, VIEWS).map(({ removed: [before], added }) => {
    const at = before === undefined ? pods.length : pods.indexOf(before);
    pods = pods.toSpliced(at, before === undefined ? 0 : 1, ...added);
    const seen = { ...view, pods };
    return elapsedMs(() => {
      next = planner.plan(intent, seen, next).next;
    });
  });
  return spread(times);
}

/** Of a process of its own, in MiB. */
function weigh(size: Size): { world: number; planned: number; peak: number } {
  const script = new URL("plan-memory.ts", import.meta.url).pathname;
  return JSON.parse(execFileSync(process.execPath, [script, JSON.stringify(size)], { encoding: "utf8" }));
}

const rounded = (value: number): number => Number(value.toPrecision(3));

const results = sizes.map((size) => {
  const { intent, view } = makeWorld(size);
  let first: Plan | undefined;
  const firstMs = elapsedMs(() => {
    first = plan(intent, view, nothingBefore);
  });
  const previous = (first as Plan).next;
  const fullMs = medianMs(() => plan(intent, view, previous));
  const text = JSON.stringify(view);
  const parseMs = medianMs(() => JSON.parse(text));
  const events = followEvents(intent, view);
  const views = followViews(intent, view);
  return { size, firstMs, fullMs, parseMs, events, views, memory: weigh(size) };
});

console.table(
  results.map(({ size, firstMs, fullMs, parseMs }) => ({
    ...size,
    "first ms": rounded(firstMs),
    "full ms": rounded(fullMs),
    "JSON.parse ms": rounded(parseMs),
    ratio: rounded(fullMs / parseMs),
  })),
);
console.table(
  results.map(({ size: { pods }, fullMs, events, views }) => ({
    pods,
    "pod event ms": rounded(events.median),
    p99: rounded(events.p99),
    "full / event": Math.round(fullMs / events.median),
    "by views ms": rounded(views.median),
    "by views p99": rounded(views.p99),
  })),
);
console.table(
  results.map(({ size: { pods }, memory: { world, planned, peak } }) => ({
    pods,
    "world MiB": world,
    "with its plan MiB": planned,
    "peak MiB": peak,
  })),
);
