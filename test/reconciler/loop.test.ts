/** The loop with everything around it faked: a repository, a status branch, and agents that do at once what they are told. */
import { pino } from "pino";
import { beforeEach, expect, test, vi } from "vitest";
import type { NodeReport, Signal } from "../../policies/nodestate.ts";
import type { View } from "../../policies/view.ts";
import { Loop } from "../../reconciler/loop.ts";
import { readManifestPaths } from "../../reconciler/source/files.ts";
import { namespace, pod, view, worker } from "../policies/builders.ts";

const files = await readManifestPaths([new URL("../../examples/quickstart", import.meta.url).pathname]);
const frontend = { labels: { role: "frontend" } };

let head: string;
let seen: View;
let signals: Signal[];
let forgotten: string[];
let loop: Loop;

beforeEach(async () => {
  head = "a".repeat(40);
  seen = view(
    [worker(1), worker(2), worker(3)],
    [1, 2, 3].map((n) => pod(`alice/frontend-${n}`, `10.10.0.${n}`, { node: `worker${n}`, ...frontend })),
    [namespace("alice", { user: "alice" })],
  );
  signals = [];
  forgotten = [];
  loop = startLoop();
  for (const { name } of seen.nodes) loop.receive(reportOf(name));
  loop.trigger("git");
  await outcome("applied");
  signals = [];
});

test("one pod's event signals its node and no other", async () => {
  const moved = pod("alice/frontend-2", "10.10.0.9", { node: "worker2", ...frontend });
  seen = { ...seen, pods: seen.pods.with(1, moved) };
  loop.trigger("inventory");
  await vi.waitFor(() => expect(signals).toHaveLength(1));
  expect(signals[0]?.state).toMatchObject({ node: "worker2", pods: [{ ips: ["10.10.0.9"], class: "alice-paul" }] });
  await outcome("applied");
});

test("a commit that changes nothing is told to have no effect, also after pods came and went", async () => {
  seen = { ...seen, pods: seen.pods.slice(1) };
  loop.trigger("inventory");
  await vi.waitFor(() => expect(signals).toHaveLength(1));
  head = "b".repeat(40);
  loop.trigger("git");
  await outcome("no-effect");
  expect(signals.map(({ state }) => state.node)).toEqual(["worker1"]);
});

test("a node that left and came back is told nothing before it reported what its kernel holds", async () => {
  const { nodes } = seen;
  seen = { ...seen, nodes: nodes.slice(0, 2) };
  loop.trigger("inventory");
  await outcome("applied");
  expect(forgotten).toEqual(["worker3"]);
  signals = [];
  seen = { ...seen, nodes: [...nodes] };
  loop.trigger("inventory");
  const waiting = [expect.stringContaining("worker3")];
  await vi.waitFor(() => expect(loop.status()).toMatchObject({ waiting }));
  expect(signals.map(({ state }) => state.node)).not.toContain("worker3");
  loop.receive(reportOf("worker3"));
  await outcome("applied");
  expect(signals.map(({ state }) => state.node)).toContain("worker3");
});

function startLoop(): Loop {
  const commit = (oid: string) => ({
    oid,
    tree: oid,
    parents: [],
    author: { name: "", email: "" },
    committedAtSeconds: 0,
  });
  const started: Loop = new Loop(
    {
      cluster: "lab",
      repository: "https://git.example/lab.git",
      source: {
        head: async () => ({ kind: "commit", oid: head }),
        read: async (oid) => ({ kind: "tree", commit: { ...commit(oid), subject: oid }, files }),
      },
      status: {
        read: async () => undefined,
        publish: async () => ({ kind: "pushed", commit: head }),
      },
      channel: {
        publish: (signal) => {
          signals.push(signal);
          started.receive(reportOf(signal.state.node, signal));
        },
        forget: (node) => void forgotten.push(node),
        verify: () => undefined,
        connected: () => new Set(),
        close: async () => undefined,
      },
      witness: "_reconciler#disk",
      view: () => seen,
      onInForce: () => undefined,
      log: pino({ level: "silent" }),
    },
    new AbortController().signal,
  );
  return started;
}

/** As an agent whose node takes every address that it is the first candidate for, at once. */
function reportOf(node: string, signal?: Signal): NodeReport {
  const { lease, classes = [], pods = [] } = signal?.state ?? {};
  const used = new Set(classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  const gateways = (lease?.addresses ?? []).flatMap(({ id, candidates }) => {
    const holder = lease?.nodes.find((one) => one.node === candidates[0]);
    return holder === undefined || !used.has(id) ? [] : [{ id, mac: holder.mac }];
  });
  const held = (lease?.addresses ?? []).filter(({ candidates }) => candidates[0] === node).map(({ ip }) => ip);
  return {
    node,
    generation: signal?.generation ?? 0,
    hash: signal?.hash ?? "",
    outcome: "converged",
    kernel: { held, gateways, pods: pods.length, heldPods: [] },
    identity: { publicKey: node.padEnd(43, "x"), underlayMac: null, witness: `${node}#disk` },
    lease: {
      held: held.map((ip) => ({ ip, epoch: 1, proof: { grounds: { new: 3 }, witnesses: 3 } })),
      pending: [],
      witnesses: lease?.witnesses ?? { version: 0, members: [] },
      witnessesSettled: true,
    },
    changes: [],
  };
}

async function outcome(kind: string): Promise<void> {
  await vi.waitFor(() => expect(loop.status()).toMatchObject({ head: { commit: head, outcome: kind }, waiting: [] }));
}
