import fc from "fast-check";
import { expect, test } from "vitest";
import { effect } from "../../policies/effect.ts";
import { type Explanation, explain } from "../../policies/explain.ts";
import type { Intent } from "../../policies/intent.ts";
import { nothingBefore, type Plan, plan } from "../../policies/plan.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";

// nodes 192.168.1.1–2 · floating IPs 192.168.1.100–101 · pods web/x on worker1, web/y on worker2, db/z on worker2
const groups = [group("default", "192.168.1.100", "192.168.1.101"), group("g1", "192.168.1.101")];
const seen = view(
  [worker(1), worker(2)],
  [
    pod("web/x", "10.10.1.5"),
    pod("web/y", "10.10.2.5", { node: "worker2" }),
    pod("db/z", "10.10.2.6", { node: "worker2" }),
  ],
  [namespace("web", { name: "web" }), namespace("db", { name: "db" })],
);
const web = { namespaces: { name: "web" } };

const effectOf = (before: Intent, after: Intent, then: View = seen) => {
  const first = plan(before, seen, nothingBefore);
  return effect(first, plan(after, then, first.next));
};
const podLines = (result: ReturnType<typeof effect>) =>
  result.pods.map(
    (p) => `${p.namespace}/${p.name} to ${p.destinations.join(" ")}: ${p.before} → ${p.after} (${p.policy})`,
  );

test("nothing changes: everything is counted and nothing listed", () => {
  const same = intent(groups, [policy("a", web)]);
  expect(effectOf(same, same)).toEqual({
    floatingIPs: [],
    policies: [],
    pods: [],
    connectionsCut: 0,
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
    },
  ]);
  expect(podLines(result)).toEqual([
    "web/x to 8.8.8.0/24: 192.168.1.1 → 192.168.1.100 (a)",
    "web/y to 8.8.8.0/24: 192.168.1.2 → 192.168.1.100 (a)",
  ]);
  expect(result).toMatchObject({ connectionsCut: 0, nodes: ["worker1", "worker2"], unchanged: { pods: 1, nodes: 0 } });
});

test("another group: the address changes and connections are cut", () => {
  const result = effectOf(intent(groups, [policy("a", web)]), intent(groups, [policy("a", { ...web, via: "g1" })]));
  expect(podLines(result)).toEqual([
    "web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (a)",
    "web/y to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (a)",
  ]);
  expect(result).toMatchObject({ connectionsCut: 2, floatingIPs: [], unchanged: { floatingIPs: 2 } });
});

test("a policy with a longer prefix takes that part from another and shadows it", () => {
  const wide = policy("wide", { ...web, to: ["8.8.0.0/16"] });
  const narrow = policy("narrow", { via: "g1", to: ["8.8.8.0/24"] });
  const result = effectOf(intent(groups, [wide]), intent(groups, [wide, narrow]));
  expect(result.policies.map(({ reason }) => reason)).toEqual([
    "policy narrow is Ready: traffic leaves as 192.168.1.101 from worker2",
    "policy wide is shadowed: 8.8.8.0/24 by narrow",
  ]);
  expect(podLines(result)).toEqual([
    "db/z to 8.8.8.0/24: 192.168.1.2 → 192.168.1.101 (narrow)",
    "web/x to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (narrow)",
    "web/y to 8.8.8.0/24: 192.168.1.100 → 192.168.1.101 (narrow)",
  ]);
});

test("a gateway moves: sources keep their address", () => {
  const same = intent(groups, [policy("a", web)]);
  const result = effectOf(same, same, { ...seen, nodes: [worker(1, { ready: false }), worker(2)] });
  expect(result.floatingIPs).toEqual([
    {
      ip: "192.168.1.100",
      from: "worker1",
      to: "worker2",
      reason: "192.168.1.100 moves from worker1 to worker2: worker1 is not Ready",
    },
  ]);
  expect(result).toMatchObject({ pods: [], connectionsCut: 0, nodes: ["worker1", "worker2"] });
});

test("the effect on each destination is what explain says before and after", () => {
  const cidrs = ["8.0.0.0/8", "8.0.0.0/16", "8.0.8.0/24", "9.9.9.9/32"];
  const some = fc.record({
    via: fc.constantFrom("default", "g1"),
    to: fc.subarray(cidrs, { minLength: 1 }),
    namespaces: fc.constantFrom({}, { name: "web" }),
  });
  const intents = fc.array(some, { maxLength: 3 }).map((list) =>
    intent(
      groups,
      list.map((f, i) => policy(`p${i}`, f)),
    ),
  );
  const probes = [
    ["8.1.1.1", "8.0.0.0/8"],
    ["8.0.1.1", "8.0.0.0/16"],
    ["8.0.8.1", "8.0.8.0/24"],
    ["9.9.9.9", "9.9.9.9/32"],
  ] as const;
  fc.assert(
    fc.property(intents, intents, (before, after) => {
      const first = plan(before, seen, nothingBefore);
      const second = plan(after, seen, first.next);
      const { pods } = effect(first, second);
      for (const [destination, cidr] of probes) {
        for (const { namespace: ns, name } of seen.pods) {
          const question = { pod: { namespace: ns, name }, destination };
          const was = explain(before, seen, first, question) as Explanation;
          const is = explain(after, seen, second, question) as Explanation;
          const told = pods.find((p) => p.namespace === ns && p.name === name && p.destinations.includes(cidr));
          const mentioned = [first, second].some((one) => cidrsOf(one, ns, name).includes(cidr));
          if (!mentioned) continue;
          if (was.sourceIP === is.sourceIP) expect(told).toBeUndefined();
          else expect(told).toMatchObject({ policy: is.policy ?? was.policy });
        }
      }
    }),
    { numRuns: 300 },
  );
});

function cidrsOf({ nodes }: Plan, ns: string, name: string): string[] {
  return nodes.flatMap(({ pods, classes }) =>
    pods
      .filter((one) => one.namespace === ns && one.name === name)
      .flatMap((one) => classes.find(({ key }) => key === one.class)?.rules.map(({ cidr }) => cidr) ?? []),
  );
}
