import fc from "fast-check";
import { expect, test } from "vitest";
import { type Effect, effect, hasEffect, type Planned } from "../../policies/effect/effect.ts";
import type { Intent } from "../../policies/intent.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, pod, policy, worker } from "./builders.ts";
import { groups, holds, probesOf, seen, sourceOf, worlds } from "./worlds.ts";

// nodes 192.168.1.1–2 · floating IPs 192.168.1.100–101 · pods web/x on worker1, web/y on worker2, db/z on worker2
const web = { namespaces: { name: "web" } };

function effectOf(before: Intent, after: Intent, then: View = seen): Effect {
  const first = { intent: before, view: seen, plan: plan(before, seen, nothingBefore) };
  return effect(first, { intent: after, view: then, plan: plan(after, then, first.plan.next) });
}

const podLines = ({ pods }: Effect) =>
  pods.map((p) => `${p.namespace}/${p.name} to ${p.destinations.join(" ")}: ${p.before} → ${p.after} (${p.policy})`);
const workloadLines = ({ workloads }: Effect) =>
  workloads.map(
    ({ namespace: ns, workload: { kind, name }, pods, before, after, destinations }) =>
      `${ns}/${kind}/${name} ×${pods} to ${destinations.join(" ")}: ${before} → ${after}`,
  );

test("nothing changes: everything is counted and nothing listed", () => {
  const same = intent(groups, [policy("a", web)]);
  expect(effectOf(same, same)).toEqual({
    gatewayMode: null,
    floatingIPs: [],
    policies: [],
    workloads: [],
    pods: [],
    connectionsCut: 0,
    connections: { reset: 0, held: 0, modeChanged: 0, rerouted: 0 },
    nodes: [],
    unchanged: { floatingIPs: 2, policies: 1, pods: 3, nodes: 2 },
  });
});

test("a new policy: its pods leave with the floating IP instead of their node's address", () => {
  const result = effectOf(intent(groups, []), intent(groups, [policy("a", web)]));
  expect(result.policies).toEqual([
    {
      name: "a",
      before: null,
      after: "active",
      reason: "policy a is Ready: traffic leaves as 192.168.1.100 from worker1",
      onGatewayFailure: { before: null, after: "drop" },
      selectedPods: { before: 0, after: 2 },
      loses: [],
      regains: [],
    },
  ]);
  expect(podLines(result)).toEqual([
    "web/x to 8.8.8.0/24: 192.168.1.1 → 192.168.1.100 (a)",
    "web/y to 8.8.8.0/24: 192.168.1.2 → 192.168.1.100 (a)",
  ]);
  expect(workloadLines(result)).toEqual(["web/Deployment/web ×2 to 8.8.8.0/24: node → 192.168.1.100"]);
  expect(result).toMatchObject({ connectionsCut: 0, nodes: ["worker1", "worker2"], unchanged: { pods: 1, nodes: 0 } });
});

test("another group: the address changes and connections are reset", () => {
  const result = effectOf(intent(groups, [policy("a", web)]), intent(groups, [policy("a", { ...web, via: "g1" })]));
  expect(podLines(result)).toEqual([
    "web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (a)",
    "web/y to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (a)",
  ]);
  expect(result).toMatchObject({
    connectionsCut: 2,
    connections: { reset: 2, held: 0, modeChanged: 0, rerouted: 0 },
    floatingIPs: [],
    unchanged: { floatingIPs: 2 },
  });
});

test("a policy with a longer prefix takes that part from another; connections begun before stay with their policy", () => {
  const wide = policy("wide", { ...web, to: ["8.8.0.0/16"] });
  const narrow = policy("narrow", { via: "g1", to: ["8.8.8.0/24"] });
  const result = effectOf(intent(groups, [wide]), intent(groups, [wide, narrow]));
  expect(result.policies.map(({ reason, loses }) => ({ reason, loses }))).toEqual([
    { reason: "policy narrow is Ready: traffic leaves as 192.168.1.101 from worker2", loses: [] },
    {
      reason: "policy wide loses 8.8.8.0/24 to policy narrow",
      loses: [{ by: "narrow", cidr: "8.8.8.0/24", pods: 2 }],
    },
  ]);
  expect(podLines(result)).toEqual([
    "db/z to 8.8.8.0/24: 192.168.1.2 → 192.168.1.101 (narrow)",
    "web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (narrow)",
    "web/y to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (narrow)",
  ]);
  expect(workloadLines(result)).toEqual([
    "db/Pod/z ×1 to 8.8.8.0/24: node → 192.168.1.101",
    "web/Deployment/web ×2 to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101",
  ]);
  expect(result.connectionsCut).toBe(0);
  expect(effectOf(intent(groups, [wide, narrow]), intent(groups, [wide])).policies[1]).toMatchObject({
    reason: "policy wide gets back 8.8.8.0/24 from policy narrow",
    regains: [{ by: "narrow", cidr: "8.8.8.0/24", pods: 2 }],
  });
});

test("a selector that becomes narrower: fewer pods, told at the policy", () => {
  const result = effectOf(intent(groups, [policy("a")]), intent(groups, [policy("a", web)]));
  expect(result.policies).toMatchObject([
    { reason: "policy a selects 2 pods instead of 3", selectedPods: { before: 3, after: 2 } },
  ]);
  expect(podLines(result)).toEqual(["db/z to 8.8.8.0/24: 192.168.1.100 → 192.168.1.2 (a)"]);
  expect(result.connections.reset).toBe(1);
});

test("a gateway moves: sources keep their address, and connections pass to a node that does not know them", () => {
  const at = { file: "egress.yaml", line: 1, column: 1 };
  const same = intent(groups, [policy("a", web)], { gatewayMode: { value: "stateful", at } });
  const result = effectOf(same, same, { ...seen, nodes: [worker(1, { ready: false }), worker(2)] });
  expect(result.floatingIPs).toEqual([
    {
      ip: "192.168.1.100",
      kind: "move",
      from: "worker1",
      to: "worker2",
      reason: "192.168.1.100 moves from worker1 to worker2: worker1 is not Ready",
    },
  ]);
  expect(result).toMatchObject({ pods: [], connections: { rerouted: 2 }, nodes: ["worker1", "worker2"] });
});

test("no node is left: traffic is held", () => {
  const same = intent(groups, [policy("a", web)]);
  const gone = [worker(1, { ready: false }), worker(2, { ready: false })];
  const result = effectOf(same, same, { ...seen, nodes: gone });
  expect(podLines(result)[0]).toBe("web/x to 8.8.8.0/24: 192.168.1.100 → null (a)");
  expect(result.connections).toEqual({ reset: 0, held: 2, modeChanged: 0, rerouted: 0 });
});

test("a destination becomes one of the cluster: its traffic leaves as without a policy", () => {
  const policies = [policy("a", { ...web, to: ["8.8.0.0/16"] })];
  const result = effectOf(intent(groups, policies), intent(groups, policies, { noEgressCIDRs: ["8.8.4.0/24"] }));
  expect(podLines(result)[0]).toBe("web/x to 8.8.4.0/24: 192.168.1.100 → 192.168.1.1 (a)");
});

test("a destination that is never routed changes nothing for pods", () => {
  const onLink = policy("a", { ...web, to: ["169.254.0.0/16", "fe80::/10"] });
  expect(effectOf(intent(groups, []), intent(groups, [onLink]))).toMatchObject({ pods: [], workloads: [] });
});

test("a new floating IP changes nothing for pods, although nobody reaches the outside under its address any more", () => {
  const policies = [policy("a", { ...web, to: ["0.0.0.0/0"] })];
  const more = [group("default", "192.168.1.100", "192.168.1.101", "192.168.1.102"), group("g1", "192.168.1.101")];
  expect(effectOf(intent(groups, policies), intent(more, policies))).toMatchObject({ pods: [], workloads: [] });
});

test("the first commit: before, no policy reached any node", () => {
  const nothing = intent([], [], { nodeSubnets: [] });
  const result = effectOf(nothing, intent(groups, [policy("a", web)]));
  expect(podLines(result)[0]).toBe("web/x to 8.8.8.0/24: 192.168.1.1 → 192.168.1.100 (a)");
  expect(podLines(effectOf(intent(groups, [policy("a", web)]), nothing))[0]).toBe(
    "web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.1 (a)",
  );
});

test("pods that come, go or change their node with the cluster are not told", () => {
  const same = intent(groups, [policy("a", web)]);
  const [x, y] = seen.pods;
  const then = {
    ...seen,
    pods: [
      { ...x, node: "worker2" },
      { ...y, name: "new" },
    ] as View["pods"],
  };
  expect(effectOf(same, same, then)).toMatchObject({ pods: [], workloads: [], unchanged: { pods: 1 } });
});

test("what is left of a destination is told exactly where that is short", () => {
  const wide = policy("a", { ...web, to: ["8.8.8.0/24"] });
  expect(
    podLines(effectOf(intent(groups, [wide]), intent(groups, [policy("a", { ...web, to: ["8.8.8.0/25"] })])))[0],
  ).toBe("web/x to 8.8.8.128/25: 192.168.1.100 → 192.168.1.1 (a)");
  expect(
    podLines(effectOf(intent(groups, [wide]), intent(groups, [policy("a", { ...web, to: ["8.8.8.8/32"] })])))[0],
  ).toBe("web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.1 (a)");
});

test("IPv6: only pods with such an address are concerned, and the node's address is of that family", () => {
  const dual = { ...pod("web/dual", "10.10.1.7"), ips: ["10.10.1.7", "fd00:10::7"] };
  const cluster = {
    ...seen,
    nodes: [worker(1, { internalIPs: ["192.168.1.1", "fd00:1::1"] }), worker(2)],
    pods: [...seen.pods, dual],
  };
  const settings = { nodeSubnets: ["192.168.1.0/24", "fd00:1::/64"], podCIDRs: ["10.10.0.0/16", "fd00:10::/32"] };
  const sixth = [group("default", "fd00:1::100")];
  const before = { intent: intent(sixth, [], settings), view: cluster };
  const first = { ...before, plan: plan(before.intent, cluster, nothingBefore) };
  const after = { intent: intent(sixth, [policy("a", { to: ["2001:db8::/32"] })], settings), view: cluster };
  const second = { ...after, plan: plan(after.intent, cluster, first.plan.next) };
  expect(podLines(effect(first, second))).toEqual(["web/dual to 2001:db8::/32: fd00:1::1 → fd00:1::100 (a)"]);
});

test("two policies that share an address are told apart", () => {
  const shared = [group("default", "192.168.1.100"), group("g1", "192.168.1.100")];
  const a = policy("a", { ...web, to: ["8.8.8.0/24"] });
  const b = policy("b", { ...web, to: ["9.9.9.0/24"], via: "g1" });
  expect(effectOf(intent(shared, [a]), intent(shared, [a, b])).pods[0]).toMatchObject({
    policy: "b",
    destinations: ["9.9.9.0/24"],
  });
});

test("a policy that has the name of an address is not told that address's reason", () => {
  const policies = [policy("192.168.1.102", web)];
  const more = [group("default", "192.168.1.100", "192.168.1.101", "192.168.1.102")];
  const result = effectOf(intent([group("default", "192.168.1.100")], []), intent(more, policies));
  expect(result.policies[0]?.reason).toBe(
    "policy 192.168.1.102 is Ready: traffic leaves as 192.168.1.100 from worker1",
  );
});

test("every pod and destination whose source address changes is told, and no other", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { pods, workloads } = effect(world.before, world.after);
      const [was, is] = [sourceOf(world.before), sourceOf(world.after)];
      const expected = new Set<string>();
      const explained = new Set<string>();
      for (const one of seen.pods) {
        const told = pods.filter(({ namespace: ns, name }) => ns === one.namespace && name === one.name);
        for (const probe of probesOf(world)) {
          const [before, after] = [was(one, probe), is(one, probe)];
          if (before.source === after.source) continue;
          const policyName = after.policy ?? before.policy;
          expected.add(`${one.name} ${probe} ${before.source} ${after.source} ${policyName}`);
          const entry = told.find(
            (candidate) =>
              candidate.before === before.source &&
              candidate.after === after.source &&
              candidate.policy === policyName &&
              candidate.destinations.some((cidr) => holds(cidr, probe)),
          );
          if (entry !== undefined) explained.add(`${one.name} ${probe} ${before.source} ${after.source} ${policyName}`);
        }
        // Whatever is told of a destination is true of some address in it.
        for (const { before, after, destinations } of told) {
          for (const cidr of destinations) {
            const inside = probesOf(world).filter((probe) => holds(cidr, probe));
            expect(inside.some((ip) => was(one, ip).source === before && is(one, ip).source === after)).toBe(true);
          }
        }
      }
      expect(explained).toEqual(expected);
      expect(sum(workloads.map((workload) => workload.pods))).toBe(pods.length);
    }),
    { numRuns: 1_000 },
  );
});

test("the effect of a plan that follows itself is empty", () => {
  fc.assert(
    fc.property(worlds, ({ after }) => {
      const again = { ...after, plan: plan(after.intent, after.view, after.plan.next) };
      const result = effect(after, again);
      expect(hasEffect(result)).toBe(false);
      expect(result.connectionsCut).toBe(0);
    }),
    { numRuns: 300 },
  );
});

test("connections are at risk where an address of the pod's class goes away or moves, and where the mode changes", () => {
  fc.assert(
    fc.property(worlds, ({ before, after }) => {
      const { connections } = effect(before, after);
      const idsOf = ({ plan: { nodes } }: Planned, name: string) =>
        nodes.flatMap(({ pods, classes }) => {
          const key = pods.find((one) => one.name === name)?.class;
          return classes.find((one) => one.key === key)?.rules.map(({ id }) => id) ?? [];
        });
      const nodeOf = ({ plan: { allocations, next } }: Planned, id: number) =>
        allocations.find((one) => one.id === id && !next.lost.includes(one.ip))?.node ?? null;
      const isStuck = ({ plan: { nodes } }: Planned, name: string) => {
        const state = nodes.find(({ pods }) => pods.some((one) => one.name === name));
        return state?.gatewayMode === "stateless" && state.portBlock === null;
      };
      const [from, to] = [before.plan.next.gatewayMode, after.plan.next.gatewayMode];
      const counts = { reset: 0, held: 0, modeChanged: 0, rerouted: 0 };
      for (const { name } of seen.pods) {
        const used = isStuck(before, name) ? [] : idsOf(before, name).filter((id) => nodeOf(before, id) !== null);
        const lost = used.filter((id) => !idsOf(after, name).includes(id));
        const stuck = used.filter((id) => nodeOf(after, id) === null || isStuck(after, name));
        const moved = used.filter((id) => nodeOf(after, id) !== nodeOf(before, id));
        if (lost.length > 0) counts.reset++;
        else if (stuck.length > 0) counts.held++;
        else if (used.length > 0 && from !== to) counts.modeChanged++;
        else if (moved.length > 0 && to !== "stateless") counts.rerouted++;
      }
      expect(connections).toEqual(counts);
    }),
    { numRuns: 500 },
  );
});

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
