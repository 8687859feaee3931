/** When an address counts as lost: a story for each way in which nobody holds it, or only seems so. */
import { expect, test } from "vitest";
import {
  LOST_AFTER_MS,
  NOTHING_WATCHED,
  nextLossMs,
  SILENT_MAY_HOLD_MS,
  watchHolders,
  withLost,
} from "../../policies/leases/lost.ts";
import type { NodeReport } from "../../policies/nodestate.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import { group, intent, view, worker } from "./builders.ts";

// nodes worker1–3, of which worker1 and worker2 may hold 192.168.1.100; worker3 may not
const IP = "192.168.1.100";
const gateway = { labels: { egress: "yes" } };
const nodes = [worker(1, gateway), worker(2, gateway), worker(3)];
const onlyGateways = { requirements: [{ key: "egress", operator: "Exists" as const, values: [] }] };
const declared = intent([group("default", IP)], [], { gatewayNodeSelector: onlyGateways });
const planned = plan(declared, view(nodes), nothingBefore);

const reportOf = (node: string, holds: boolean): NodeReport => ({
  ...{ node, generation: 1, hash: "", outcome: "converged", changes: [], identity: null },
  kernel: { held: [], gateways: [], pods: 0, heldPods: [] },
  lease: {
    held: holds ? [{ ip: IP, epoch: 1, proof: { grounds: {}, witnesses: 3 } }] : [],
    ...{ pending: [], witnesses: { version: 1, members: [] }, witnessesSettled: true },
  },
});

interface Moment {
  readonly atMs: number;
  /** worker1 to worker3: "held": connected, and its report shows the address; "-": connected; "silent"; "down": silent, not Ready. */
  readonly agents: readonly ("held" | "-" | "silent" | "down")[];
  readonly lost: boolean;
}

/** What is known after each moment: whether the address is lost, and when that may change by itself. */
function tell(moments: readonly Moment[], restart = false) {
  let [watch, previous] = [NOTHING_WATCHED, planned.next];
  return moments.map(({ atMs: nowMs, agents }) => {
    const named = nodes.map((node, i) => ({ node, state: agents[i] }));
    const connected = named.filter(({ state }) => state === "held" || state === "-");
    const sight = {
      ...{ plan: planned, nowMs },
      nodes: named.map(({ node, state }) => ({ ...node, ready: state !== "down" })),
      progress: new Map(
        named.map(({ node: { name }, state }) => [name, { report: reportOf(name, state === "held"), sent: [] }]),
      ),
      connected: new Set(connected.map(({ node }) => node.name)),
    };
    watch = watchHolders(restart ? NOTHING_WATCHED : watch, sight);
    previous = withLost(previous, watch, sight);
    return { atMs: nowMs, agents, lost: previous.lost.includes(IP), next: nextLossMs(watch, nowMs) };
  });
}

const LOST = LOST_AFTER_MS;
const SILENT = SILENT_MAY_HOLD_MS;

test.each<{ readonly story: string; readonly moments: readonly Moment[] }>([
  {
    story: "a take-over is no loss",
    moments: [
      { atMs: 0, agents: ["held", "-", "-"], lost: false },
      { atMs: 100, agents: ["-", "-", "-"], lost: false },
      { atMs: 900, agents: ["-", "held", "-"], lost: false },
      { atMs: 900 + LOST, agents: ["-", "held", "-"], lost: false },
    ],
  },
  {
    story: "all that may hold it say that they do not: lost after a while, until one does",
    moments: [
      { atMs: 0, agents: ["held", "-", "-"], lost: false },
      { atMs: 1_000, agents: ["-", "-", "-"], lost: false },
      { atMs: 999 + LOST, agents: ["-", "-", "-"], lost: false },
      { atMs: 1_000 + LOST, agents: ["-", "-", "-"], lost: true },
      { atMs: 2_000 + LOST, agents: ["-", "held", "-"], lost: false },
      { atMs: 2_500 + LOST, agents: ["-", "-", "-"], lost: false },
    ],
  },
  {
    story: "an agent that is replaced may have parked the address: not lost for as long as that can be",
    moments: [
      { atMs: 0, agents: ["held", "-", "-"], lost: false },
      { atMs: 1_000, agents: ["silent", "-", "-"], lost: false },
      { atMs: 1_000 + SILENT - 1, agents: ["silent", "-", "-"], lost: false },
      { atMs: 1_000 + SILENT, agents: ["silent", "-", "-"], lost: false },
      { atMs: 1_000 + SILENT + LOST, agents: ["silent", "-", "-"], lost: true },
    ],
  },
  {
    story: "an agent that is back in time had it all along",
    moments: [
      { atMs: 0, agents: ["held", "-", "-"], lost: false },
      { atMs: 1_000, agents: ["silent", "-", "-"], lost: false },
      { atMs: 1_000 + SILENT + LOST - 1, agents: ["held", "-", "-"], lost: false },
    ],
  },
  {
    story: "a node that is silent and not Ready holds nothing",
    moments: [
      { atMs: 0, agents: ["held", "-", "-"], lost: false },
      { atMs: 1_000, agents: ["down", "-", "-"], lost: false },
      { atMs: 1_000 + LOST, agents: ["down", "-", "-"], lost: true },
    ],
  },
  {
    story: "the silence of a node that may not hold it says nothing",
    moments: [
      { atMs: 0, agents: ["-", "-", "silent"], lost: false },
      { atMs: LOST, agents: ["-", "-", "silent"], lost: true },
    ],
  },
  {
    story: "who hears nobody knows nothing, and counts from the beginning when agents are back",
    moments: [
      { atMs: 0, agents: ["-", "-", "-"], lost: false },
      { atMs: 5_000, agents: ["silent", "silent", "silent"], lost: false },
      { atMs: 500_000, agents: ["silent", "silent", "silent"], lost: false },
      { atMs: 500_001, agents: ["silent", "-", "-"], lost: false },
      { atMs: 500_000 + SILENT, agents: ["silent", "-", "-"], lost: false },
      { atMs: 500_001 + SILENT, agents: ["silent", "-", "-"], lost: false },
      { atMs: 500_001 + SILENT + LOST, agents: ["silent", "-", "-"], lost: true },
      { atMs: 600_000 + SILENT + LOST, agents: ["silent", "silent", "silent"], lost: true },
    ],
  },
])("$story", ({ moments }) => {
  expect(tell(moments).map(({ next: _, ...moment }) => moment)).toEqual(moments);
});

test("a restart of the reconciler neither makes a loss nor ends one", () => {
  const moments = (lost: boolean): Moment[] =>
    [0, LOST, 2 * LOST].map((atMs) => ({ atMs, agents: ["-", "-", "-"], lost }));
  expect(tell(moments(false), true).map(({ lost }) => lost)).toEqual([false, false, false]);
  const sight = {
    ...{ plan: planned, nodes, nowMs: 0, connected: new Set(["worker2"]) },
    progress: new Map([["worker2", { report: reportOf("worker2", false), sent: [] }]]),
  };
  const before = { ...planned.next, lost: [IP] };
  expect(withLost(before, watchHolders(NOTHING_WATCHED, sight), sight)).toBe(before);
});

test("it is known when to look again", () => {
  const agents = ["-", "-", "-"] as const;
  const told = tell([
    { atMs: 0, agents: ["held", "-", "-"], lost: false },
    { atMs: 1_000, agents, lost: false },
    { atMs: 1_000 + LOST, agents, lost: true },
    { atMs: 20_000, agents: ["silent", "-", "-"], lost: true },
  ]);
  expect(told.map(({ next }) => next)).toEqual([undefined, 1_000 + LOST, undefined, 20_000 + SILENT]);
});
