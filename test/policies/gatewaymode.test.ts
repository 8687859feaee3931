/** Which mode a cluster is in, and what its nodes are told about ports. */
import { describe, expect, test } from "vitest";
import { effect } from "../../policies/effect/effect.ts";
import { explain } from "../../policies/explain/explain.ts";
import { DEFAULT_GATEWAY_MODE } from "../../policies/gatewaymode.ts";
import type { ClusterSettings } from "../../policies/intent.ts";
import type { GatewayMode, NodeState } from "../../policies/nodestate.ts";
import { nothingBefore, type Plan, type Previous, plan, startPlanning } from "../../policies/plan.ts";
import { group, intent, pod, policy, select, view, worker } from "./builders.ts";

// nodes 192.168.0.1 and on, those with a label are gateways · floating IP 192.168.9.100 · a selected pod on each node
const gateways = { gatewayNodeSelector: select({ egress: "yes" }) };
const node = (n: number, isGateway = n <= 2) =>
  worker(n, {
    internalIPs: [`192.168.${n >> 8}.${n & 255}`],
    labels: isGateway ? { egress: "yes" } : {},
  });
const nodes = (count: number) => Array.from({ length: count }, (_, i) => node(i + 1));
const pods = (count: number) =>
  nodes(count).map(({ name }, i) => pod(`web/on-${name}`, `10.10.${i >> 8}.${i & 255}`, { node: name }));

function declare(mode: GatewayMode | null, settings: Partial<ClusterSettings> = {}) {
  return intent([group("default", "192.168.9.100")], [policy("a")], {
    ...{ nodeSubnets: ["192.168.0.0/16"], ...gateways, ...settings },
    gatewayMode: mode && { value: mode, at: { file: "cluster.yaml", line: 9, column: 11 } },
  });
}

const planned = (mode: GatewayMode | null, count: number, previous: Previous = nothingBefore): Plan =>
  plan(declare(mode), view(nodes(count), pods(count)), previous);
const stateOf = ({ nodes: states }: Plan, name: string) => states.find((one) => one.node === name) as NodeState;
const withBlocks = ({ nodes: states }: Plan) => states.filter(({ portBlock }) => portBlock !== null).length;
const was = (gatewayMode: GatewayMode): Previous => ({ ...nothingBefore, gatewayMode });

test.each<[string, GatewayMode | null, number, Previous, GatewayMode | null]>([
  ["a new cluster has the default", null, 3, nothingBefore, DEFAULT_GATEWAY_MODE],
  ["one that is too large for stateless gateways is stateful", null, 253, nothingBefore, "stateful"],
  ["without nodes nothing is decided yet", null, 0, nothingBefore, null],
  ["what is written holds", "stateless", 3, nothingBefore, "stateless"],
  ["what is written holds also for a large cluster", "stateless", 253, nothingBefore, "stateless"],
  ["what is written replaces what was", "stateless", 3, was("stateful"), "stateless"],
  ["without the line the cluster stays what it was", null, 3, was("stateless"), "stateless"],
  ["also when it has grown", null, 253, was("stateless"), "stateless"],
])("%s", (_what, written, count, previous, mode) => {
  const result = planned(written, count, previous);
  expect(result.next.gatewayMode).toBe(mode);
  expect(new Set(result.nodes.map(({ gatewayMode }) => gatewayMode))).toEqual(new Set(count === 0 ? [] : [mode]));
});

test.each<[string, GatewayMode, number, number]>([
  ["all nodes that stateless gateways can serve", "stateless", 252, 252],
  ["all but the last ones by name", "stateless", 255, 252],
  ["all nodes of a stateful cluster, to make connections again at a failover", "stateful", 252, 252],
  ["no node of a larger stateful one", "stateful", 253, 0],
])("a block is told to %s", (_what, mode, count, told) => {
  expect(withBlocks(planned(mode, count))).toBe(told);
});

test("a stateful cluster tells its nodes all their blocks or none, and keeps them in mind", () => {
  const small = planned("stateful", 252);
  const large = planned("stateful", 253, small.next);
  expect([withBlocks(large), large.next.portBlocks]).toEqual([0, small.next.portBlocks]);
  expect(planned("stateful", 252, large.next).nodes).toEqual(small.nodes);
});

describe("a cluster that grows beyond what stateless gateways serve", () => {
  const before = planned("stateless", 252);
  const after = planned("stateless", 254, before.next);

  test("keeps what works", () => {
    for (const { node: name, portBlock, gatewayMode } of before.nodes) {
      expect(stateOf(after, name)).toMatchObject({ portBlock, gatewayMode });
    }
    const result = effect(
      { intent: declare("stateless"), view: view(nodes(252), pods(252)), plan: before },
      { intent: declare("stateless"), view: view(nodes(254), pods(254)), plan: after },
    );
    expect(result.connectionsCut).toBe(0);
  });

  test("holds what policies select on later nodes, and says what to do", () => {
    expect(stateOf(after, "worker254").portBlock).toBeNull();
    expect(after.findings).toMatchObject([
      { code: "node-without-port-block", severity: "error", file: "cluster.yaml", line: 9, column: 11 },
    ]);
    expect(after.findings[0]?.message).toContain("worker253 and worker254 is held");
    expect(after.findings[0]?.fix).toContain("gateway.mode: stateful");
    const question = { pod: { namespace: "web", name: "on-worker254" }, destination: "8.8.8.8" };
    expect(explain(declare("stateless"), view(nodes(254), pods(254)), after, question)).toMatchObject({
      verdict: "held",
      policy: "a",
      sourceIP: null,
      summary: "policy a decides, but its traffic is held: worker254 has no port block for stateless gateways",
    });
  });

  test("has no finding where the EgressCluster leaves the mode out, other than at the object or the group", () => {
    const { findings } = plan(declare(null), view(nodes(253)), before.next);
    expect(findings).toMatchObject([{ file: "egress.yaml", object: { name: "default" } }]);
  });
});

describe("a node that has to wait for ports", () => {
  const block = (n: number, retired: Previous["portBlocks"][number]["retired"] = null) => ({
    ...{ node: `worker${n}`, firstPort: 1024 * n, ports: 1024, retired },
  });
  const all = Array.from({ length: 63 }, (_, i) => i + 1);
  const oneOf = (nodesNow: number, portBlocks: Previous["portBlocks"]) =>
    planned("stateless", nodesNow, { ...was("stateless"), portBlocks }).findings[0];

  test.each([
    [
      "for the quarantine",
      all.map((n) => block(n, n === 63 ? { atMs: 0, mayBeReused: false } : null)),
      /wait: 10 minutes/,
    ],
    ["for someone's large block", all.map((n) => block(n)), /replace such nodes one after the other/],
  ])("is told %s", (_what, blocks, fix) => {
    const named = blocks.map((one) => (one.node === "worker63" && one.retired ? { ...one, node: "gone" } : one));
    expect(oneOf(64, named)?.fix ?? "none").toMatch(fix);
  });
});

describe("what gateways know of the others", () => {
  const before = planned("stateless", 4);
  const sourcesOf = (result: Plan, name: string) => stateOf(result, name).sourceNodes.map((source) => source.node);

  test("nodes that may hold an address know all others with ports, and no other node does", () => {
    expect(before.nodes.map(({ node: name }) => sourcesOf(before, name))).toEqual([
      ["worker2", "worker3", "worker4"],
      ["worker1", "worker3", "worker4"],
      [],
      [],
    ]);
    expect(stateOf(before, "worker1").sourceNodes[0]).toEqual({
      ...{ node: "worker2", underlayIP: "192.168.0.2", mac: "02:e9:c0:a8:00:02" },
      block: stateOf(before, "worker2").portBlock,
    });
  });

  test("a node that joins is told to them only", () => {
    const after = planned("stateless", 5, before.next);
    expect(sourcesOf(after, "worker1")).toContain("worker5");
    for (const name of ["worker3", "worker4"]) {
      const [was, is] = [stateOf(before, name), stateOf(after, name)];
      expect({ ...is, nodeIPs: [], noEgressCIDRs: [] }).toEqual({ ...was, nodeIPs: [], noEgressCIDRs: [] });
    }
  });

  test("a node that held an address, and is no candidate any more, still knows them until it is known to hold none", () => {
    const cordoned = [node(1, false), node(2), node(3), node(4)];
    const after = plan(declare("stateless"), view(cordoned, pods(4)), before.next);
    expect(after.candidates.get("192.168.9.100")).toEqual(["worker2"]);
    expect(sourcesOf(after, "worker1")).toEqual(["worker2", "worker3", "worker4"]);
  });

  test("lists are shared: by nodes without ports, and by the states of one node as its pods come and go", () => {
    const many = nodes(300).map((one) => ({ ...one, labels: { egress: "yes" } }));
    const everywhere = intent(
      [group("default", ...Array.from({ length: 300 }, (_, i) => `192.168.${9 + (i >> 7)}.${100 + (i & 127)}`))],
      [],
      { nodeSubnets: ["192.168.0.0/16"], gatewayMode: declare("stateless").cluster.gatewayMode },
    );
    const planning = startPlanning(everywhere, view(many), nothingBefore);
    const lists = planning.plan.nodes.filter(({ portBlock }) => portBlock === null).map((one) => one.sourceNodes);
    expect(new Set(lists.filter((list) => list.length > 0)).size).toBe(1);
    const [first] = planning.plan.nodes;
    planning.apply({ removed: [], added: [pod("web/new", "10.10.0.1", { node: first?.node ?? "" })] });
    expect(planning.plan.nodes[0]).not.toBe(first);
    expect(planning.plan.nodes[0]?.sourceNodes).toBe(first?.sourceNodes);
  });
});

describe("a change of the mode", () => {
  const seen = view(nodes(3), pods(3));
  const change = (from: GatewayMode | null, to: GatewayMode | null) => {
    const before = { intent: declare(from), view: seen, plan: plan(declare(from), seen, nothingBefore) };
    return effect(before, { intent: declare(to), view: seen, plan: plan(declare(to), seen, before.plan.next) });
  };

  test("cuts the open connections of all pods that have some through floating IPs, and says why", () => {
    const result = change("stateful", "stateless");
    expect(result.gatewayMode).toEqual({
      from: "stateful",
      to: "stateless",
      reason:
        "the gateway mode changes from stateful to stateless: gateway.mode asks for it; open connections through floating IPs are cut",
    });
    expect(result).toMatchObject({
      connectionsCut: 3,
      connections: { reset: 0, held: 0, modeChanged: 3, rerouted: 0 },
      pods: [],
      nodes: ["worker1", "worker2", "worker3"],
    });
  });

  test.each<[string, GatewayMode | null, GatewayMode | null]>([
    ["written down as it is", null, DEFAULT_GATEWAY_MODE],
    ["left out", "stateless", null],
  ])("is none where the mode is %s", (_what, from, to) => {
    expect(change(from, to)).toMatchObject({ gatewayMode: null, connectionsCut: 0, nodes: [] });
  });

  test("a stateless gateway that moves cuts nothing", () => {
    const mode = declare("stateless");
    const before = { intent: mode, view: seen, plan: plan(mode, seen, nothingBefore) };
    const then = { ...seen, nodes: seen.nodes.with(0, { ...node(1), ready: false }) };
    const result = effect(before, { intent: mode, view: then, plan: plan(mode, then, before.plan.next) });
    expect(result).toMatchObject({ floatingIPs: [{ kind: "move" }], connectionsCut: 0 });
  });
});
