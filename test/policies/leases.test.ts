/** What nodes are told about floating IPs that change hands by lease, and what is made of what they did by themselves. */
import { beforeEach, describe, expect, test } from "vitest";
import type { Intent } from "../../policies/intent.ts";
import { adopt } from "../../policies/leases/holders.ts";
import { type Stage, stageLeases } from "../../policies/leases/stage.ts";
import { firstWitnesses, targetWitnesses } from "../../policies/leases/witnesses.ts";
import type { NodeReport, NodeState, Signal } from "../../policies/nodestate.ts";
import { nothingBefore, type Plan, type Previous, plan } from "../../policies/plan.ts";
import { type NodeProgress, withReport, withSent } from "../../policies/progress.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";

// nodes 192.168.1.1–3 · floating IPs 192.168.1.100 and 101 · one selected pod on every node
const ip = (last: number) => `192.168.1.${last}`;
const pods = [1, 2, 3].map((n) => pod(`web/pod${n}`, `10.10.${n}.5`, { node: `worker${n}` }));
const both = [group("default", ip(100), ip(101)), group("g", ip(101))];
const declared = intent(both, [policy("a"), policy("b", { via: "g", to: ["9.9.9.0/24"] })]);

/** Nodes that take and give addresses as their leases would have it, one step at a time. */
class Nodes {
  readonly holders = new Map<string, { node: string | null; epoch: number }>();
  readonly signals = new Map<string, Signal>();
  readonly dead = new Set<string>();

  report(node: string): NodeReport {
    const signal = this.signals.get(node);
    const held = [...this.holders].filter(([, holder]) => holder.node === node);
    const used = new Set(signal?.state.classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
    const gateways = (signal?.state.lease?.addresses ?? []).flatMap(({ ip: address, id }) => {
      const at = signal?.state.lease?.nodes.find((one) => one.node === this.holders.get(address)?.node);
      return at === undefined || !used.has(id) ? [] : [{ id, mac: at.mac }];
    });
    return {
      node,
      generation: signal?.generation ?? 0,
      hash: signal?.hash ?? "",
      outcome: "converged",
      kernel: { held: held.map(([address]) => address), gateways, pods: 0, heldPods: [] },
      identity: { publicKey: node.padEnd(43, "x"), underlayMac: null, witness: `${node}#disk` },
      lease: {
        held: held.map(([address, { epoch }]) => ({
          ip: address,
          epoch,
          proof: { grounds: { released: 2 }, witnesses: 3 },
        })),
        pending: [],
        witnesses: signal?.state.lease?.witnesses ?? { version: 0, members: [] },
        witnessesSettled: false,
      },
      changes: [],
    };
  }

  apply(node: string, signal: Signal): void {
    this.signals.set(node, signal);
    const listed = new Map((signal.state.lease?.addresses ?? []).map((address) => [address.ip, address]));
    for (const [address, holder] of this.holders) {
      if (holder.node !== node) continue;
      const order = listed.get(address);
      const stays = order?.candidates.includes(node) === true && order.releaseEpoch !== holder.epoch;
      if (!stays) holder.node = null;
    }
  }

  /** Every free address goes to its first living candidate. */
  take(): void {
    for (const [node, { state }] of this.signals) {
      for (const { ip: address, candidates } of state.lease?.addresses ?? []) {
        const holder = this.holders.get(address) ?? { node: null, epoch: 0 };
        const lost = holder.node === null || this.dead.has(holder.node);
        const first = candidates.find((candidate) => !this.dead.has(candidate));
        if (lost && first === node) this.holders.set(address, { node, epoch: holder.epoch + 1 });
      }
    }
  }
}

let seen: View;
let wanted: Intent;
let previous: Previous;
let nodes: Nodes;
let progress: Map<string, NodeProgress>;
let made: Plan;
let staged: Stage;
let generation: number;

const hashOf = (state: NodeState): string => JSON.stringify(state);

/** One pass of the reconciler, and what the nodes make of it. */
function pass(): void {
  const names = seen.nodes.map(({ name }) => name).sort();
  const adopted = adopt(previous, progress);
  const witnesses = adopted.witnesses.version > 0 ? adopted.witnesses : firstWitnesses(names, progress);
  made = plan(wanted, seen, witnesses === undefined ? adopted : { ...adopted, witnesses });
  previous = made.next;
  staged = stageLeases(made, progress, hashOf);
  for (const state of staged.states) {
    const known = progress.get(state.node) as NodeProgress;
    if (known.sent.at(-1)?.hash === hashOf(state)) continue;
    const signal = { generation: ++generation, hash: hashOf(state), state };
    progress.set(state.node, withSent(known, signal));
    if (!nodes.dead.has(state.node)) nodes.apply(state.node, signal);
  }
  nodes.take();
  reportAll();
}

function reportAll(): void {
  for (const { name } of seen.nodes) {
    if (!nodes.dead.has(name)) progress.set(name, withReport(progress.get(name), nodes.report(name)));
  }
}

/** @returns false when it was not done after some passes */
function settle(): boolean {
  for (let round = 0; round < 12; round++) {
    pass();
    if (staged.done) return true;
  }
  return false;
}

const places = () => Object.fromEntries([...nodes.holders].map(([address, { node }]) => [address, node]));
const planned = () => Object.fromEntries(made.allocations.map(({ ip: address, node }) => [address, node]));

beforeEach(() => {
  seen = view([worker(1), worker(2), worker(3)], pods, [namespace("web")]);
  wanted = declared;
  [previous, nodes, progress, generation] = [nothingBefore, new Nodes(), new Map(), 0];
  reportAll();
  expect(settle(), staged.waiting.join("\n")).toBe(true);
});

describe("floating IPs by lease", () => {
  test("go where the plan wants them, and the plan is then done", () => {
    expect(places()).toEqual({ [ip(100)]: "worker1", [ip(101)]: "worker2" });
    expect(previous.witnesses).toEqual({ version: 1, members: ["worker1#disk", "worker2#disk", "worker3#disk"] });
    expect(staged.states.every(({ held, gateways }) => held.length === 0 && gateways.length === 0)).toBe(true);
  });

  test("an address that nobody ever held is the planned node's alone, unless that has not reported", () => {
    wanted = intent([group("default", ip(100), ip(101), ip(102))], []);
    pass();
    const order = (node: string, address: string) =>
      staged.states.find((state) => state.node === node)?.lease?.addresses.find((one) => one.ip === address);
    expect(order("worker3", ip(102))?.candidates).toEqual(["worker3"]);
    expect(order("worker1", ip(102))).toBeUndefined();
    expect(settle()).toBe(true);
    expect(order("worker1", ip(102))?.candidates).toEqual(["worker3", "worker2", "worker1"]);
    wanted = intent([group("default", ip(100), ip(101), ip(102), ip(103))], []);
    progress.delete("worker1");
    pass();
    expect(order("worker2", ip(103))?.candidates).toEqual(["worker1", "worker2", "worker3"]);
  });

  test("a node that is about to hold an address is not made to let it go by a reconciler that knows nothing yet", () => {
    const report = nodes.report("worker2");
    const pending = {
      ...report,
      lease: { ...(report.lease as NonNullable<typeof report.lease>), held: [], pending: [ip(100)] },
    };
    progress = new Map([
      ["worker1", { report: { ...nodes.report("worker1"), lease: null }, sent: [] }],
      ["worker2", { report: pending, sent: [] }],
    ]);
    const forgetful = plan(wanted, seen, { ...nothingBefore, witnesses: previous.witnesses });
    const [first] = stageLeases(forgetful, progress, hashOf).states;
    expect(first?.lease?.addresses[0]?.candidates).toContain("worker2");
  });

  test("a planned move: the new holder knows first, then the old one lets go", () => {
    seen = view([worker(1, { draining: true }), worker(2), worker(3)], pods, [namespace("web")]);
    pass();
    const order = (node: string) =>
      staged.states.find((state) => state.node === node)?.lease?.addresses.find((one) => one.ip === ip(100));
    expect(order("worker1")?.candidates).toContain("worker1");
    expect(order("worker3")?.candidates[0]).toBe("worker3");
    expect(places()[ip(100)]).toBe("worker1");
    expect(settle(), staged.waiting.join("\n")).toBe(true);
    expect(places()[ip(100)]).toBe("worker3");
    expect(order("worker1")?.candidates).not.toContain("worker1");
  });

  test("a take-over by the nodes themselves is adopted, and nothing moves back", () => {
    nodes.dead.add("worker1");
    nodes.take();
    const taker = places()[ip(100)];
    expect(taker).not.toBe("worker1");
    reportAll();
    pass();
    expect(planned()[ip(100)]).toBe(taker);
    nodes.dead.delete("worker1");
    nodes.apply("worker1", progress.get("worker1")?.sent.at(-1) as Signal);
    reportAll();
    expect(settle(), staged.waiting.join("\n")).toBe(true);
    expect(places()[ip(100)]).toBe(taker);
  });

  test("the report of a holder that was overtaken counts for nothing", () => {
    nodes.dead.add("worker1");
    nodes.take();
    reportAll();
    expect(progress.get("worker1")?.report.lease?.held.map((one) => one.ip)).toEqual([ip(100)]);
    pass();
    expect(planned()[ip(100)]).not.toBe("worker1");
  });

  test("a reconciler that starts anew moves nothing and names no other witnesses", () => {
    const before = places();
    const named = previous.witnesses;
    progress = new Map();
    pass();
    expect(places()).toEqual(before);
    expect(settle(), staged.waiting.join("\n")).toBe(true);
    expect([places(), previous.witnesses]).toEqual([before, named]);
  });

  test("a node that a new reconciler has not heard of yet stays gateway and peer of the others", () => {
    const before = new Map(staged.states.map((state) => [state.node, state]));
    progress = new Map();
    for (const node of ["worker1", "worker3"]) progress.set(node, withReport(undefined, nodes.report(node)));
    const silent = places()[ip(101)];
    expect(silent).toBe("worker2");
    pass();
    for (const state of staged.states) expect(state).toEqual(before.get(state.node));
    expect(staged.states.map(({ node }) => node)).toEqual(["worker1", "worker3"]);
  });

  test("what is remembered of a node that holds an address no more is not told once it reports", () => {
    nodes.holders.set(ip(101), { node: null, epoch: 1 });
    reportAll();
    pass();
    const order = staged.states[0]?.lease?.addresses.find((one) => one.ip === ip(101));
    expect(order?.holder).toBeNull();
  });

  test("an address that is no longer declared is let go when no node sends through it any more", () => {
    wanted = intent([group("default", ip(100))], [policy("a")]);
    pass();
    expect(places()[ip(101)]).toBe("worker2");
    expect(settle(), staged.waiting.join("\n")).toBe(true);
    expect(places()[ip(101)]).toBeNull();
  });

  test("a node is told about its candidacies, what its pods use, and whom it talks to", () => {
    const lease = staged.states[2]?.lease;
    expect(lease?.addresses.map((one) => [one.ip, one.candidates, one.holder])).toEqual([
      [ip(100), ["worker1", "worker3", "worker2"], { node: "worker1", epoch: 1 }],
      [ip(101), ["worker2", "worker1", "worker3"], { node: "worker2", epoch: 1 }],
    ]);
    expect(lease?.nodes.map(({ node, underlayIP }) => [node, underlayIP])).toEqual([
      ["worker1", ip(1)],
      ["worker2", ip(2)],
      ["worker3", ip(3)],
    ]);
    expect(lease?.peers.map(({ node }) => node)).toEqual(["worker1", "worker2", "worker3"]);
    expect(lease?.floatingIPs).toEqual([ip(100), ip(101)]);
  });
});

describe("witnesses", () => {
  const reporting = (...names: string[]) =>
    new Map(names.map((node) => [node, { report: new Nodes().report(node), sent: [] }] as const));
  const ids = (...names: string[]) => names.map((name) => `${name}#disk`);

  test.each<[string, string[], string[], string[] | undefined]>([
    ["one node is its own", ["a"], ["a"], ["a"]],
    ["of three, a majority has to report", ["a", "b", "c"], ["a"], undefined],
    ["the third is added later", ["a", "b", "c"], ["a", "c"], ["a", "c"]],
    ["three of four", ["a", "b", "c", "d"], ["a", "b", "c", "d"], ["a", "b", "c"]],
    ["five of six", ["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d", "e", "f"], ["a", "b", "c", "d", "e"]],
  ])("%s", (_what, present, reported, members) => {
    expect(firstWitnesses(present, reporting(...reported))?.members).toEqual(members && ids(...members));
  });

  test.each<[string, string[], string[], string[], string[] | null]>([
    ["a silent member stays", ["a", "b", "c", "d"], ["b", "c", "d"], ["a", "b", "c"], null],
    ["a node that left is replaced", ["b", "c", "d"], ["b", "c", "d"], ["a", "b", "c"], ["b", "c", "d"]],
    ["a missing third is added", ["a", "b", "c"], ["a", "b", "c"], ["a", "b"], ["a", "b", "c"]],
    ["nobody new, nothing to do", ["a", "b", "c"], ["a", "b"], ["a", "b"], null],
  ])("%s", (_what, present, reported, members, target) => {
    const named = { version: 3, members: ids(...members) };
    expect(targetWitnesses(named, present, reporting(...reported))).toEqual(target && ids(...target));
  });

  test("a member that lost its disk is another one", () => {
    const lost = { version: 3, members: ["a#old", "b#disk", "c#disk"] };
    expect(targetWitnesses(lost, ["a", "b", "c"], reporting("a", "b", "c"))).toEqual(ids("a", "b", "c"));
  });
});
