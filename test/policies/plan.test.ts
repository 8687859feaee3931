import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent } from "../../policies/intent.ts";
import { nothingBefore, type Plan, type Previous, plan } from "../../policies/plan.ts";
import type { NodeView, View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";

const ip = (last: number) => `192.168.1.${last}`;

const nodes = fc.uniqueArray(
  fc.record({
    n: fc.integer({ min: 1, max: 6 }),
    dualStack: fc.boolean(),
    ready: fc.boolean(),
    unschedulable: fc.boolean(),
    draining: fc.boolean(),
  }),
  { selector: ({ n }) => n, maxLength: 6 },
);
const nodeViews = nodes.map((list): NodeView[] =>
  list.map(({ n, dualStack, ...fields }) =>
    worker(n, { ...fields, internalIPs: dualStack ? [ip(n), `2001:db8:1::${n}`] : [ip(n)] }),
  ),
);
const floatingIP = fc.integer({ min: 100, max: 112 }).chain((n) => fc.constantFrom(ip(n), `2001:db8:1::${n}`));
const floatingIPs = fc.uniqueArray(floatingIP, { maxLength: 10 });
const prefixes = ["8.0.0.0/8", "8.8.0.0/16", "8.8.8.0/24", "9.9.9.9/32", "2001:db8:9::/48", "2001:db8:9:9::/64"];
const destinations = fc.subarray(prefixes, { minLength: 1 });
const policies = fc.array(fc.record({ via: fc.constantFrom("default", "g1", "g2"), to: destinations }), {
  maxLength: 4,
});
const asked = fc.constantFrom("", "once", "again");
const intents = fc
  .tuple(floatingIPs, floatingIPs, floatingIPs, policies, asked)
  .map(([main, g1, g2, list, rebalance]) =>
    intent(
      [group("default", ...main), group("g1", ...g1), group("g2", ...g2)],
      list.map((fields, i) => policy(`p${i}`, fields)),
      { nodeSubnets: ["192.168.1.0/24", "2001:db8:1::/64"], rebalance },
    ),
  );
const views = nodeViews.map((list) =>
  view(
    list,
    list.map(({ name }, i) => pod(`web/${name}`, `10.10.1.${i}`, { node: name })),
    [namespace("web")],
  ),
);

/** What a few plans in a row, with the world changing between them, leave behind. */
const histories = fc
  .array(fc.tuple(intents, views), { maxLength: 4 })
  .map((worlds) =>
    worlds.reduce<Previous>(
      (previous, [someIntent, someView]) => plan(someIntent, someView, previous).next,
      nothingBefore,
    ),
  );

const places = ({ allocations }: Plan | Previous) =>
  new Map(allocations.map(({ ip: address, node }) => [address, node]));

const isFit = (nodeView: NodeView, address: string) =>
  nodeView.ready && (!address.includes(":") || nodeView.internalIPs.length > 1);
const isLeaving = (nodeView: NodeView) => nodeView.unschedulable || nodeView.draining;

describe("any plan", () => {
  const check = (property: (given: { intent: Intent; view: View; previous: Previous; result: Plan }) => void) =>
    fc.assert(
      fc.property(intents, views, histories, (someIntent, someView, previous) => {
        const result = plan(someIntent, someView, previous);
        property({ intent: someIntent, view: someView, previous, result });
      }),
      { numRuns: 400 },
    );

  test("once applied leaves nothing to plan", () =>
    check(({ intent: someIntent, view: someView, result }) => {
      const again = plan(someIntent, someView, result.next);
      expect(again.changes).toEqual([]);
      expect(again).toEqual({ ...result, changes: [] });
    }));

  test("does not depend on the order of its input", () =>
    check(({ intent: someIntent, view: someView, previous, result }) => {
      const turned = {
        ...someIntent,
        groups: someIntent.groups.toReversed(),
        policies: someIntent.policies.toReversed(),
      };
      const seen = { ...someView, nodes: someView.nodes.toReversed(), pods: someView.pods.toReversed() };
      const before = {
        ...previous,
        allocations: previous.allocations.toReversed(),
        holders: previous.holders.toReversed(),
      };
      const other = plan(turned, seen, before);
      expect({ ...other, findings: other.findings.toSorted(bySubject) }).toEqual({
        ...result,
        findings: result.findings.toSorted(bySubject),
      });
    }));

  test("has no address on two nodes and no id on two addresses, and holds are what is allocated", () =>
    check(({ result }) => {
      const held = result.nodes.flatMap((state) => state.held.map(({ ip: address }) => address));
      expect(new Set(held).size).toBe(held.length);
      expect(held.sort()).toEqual(result.allocations.flatMap((one) => (one.node === null ? [] : [one.ip])).sort());
      const ids = result.next.holders.map(({ id }) => id).concat(result.allocations.map(({ id }) => id));
      const owners = new Map([...result.next.holders, ...result.allocations].map((one) => [one.id, one.ip]));
      expect(new Set(ids).size).toBe(new Set(owners.values()).size);
    }));

  test("moves an address only away from an unfit or leaving node, or when a rebalance is asked for", () =>
    check(({ intent: someIntent, view: someView, previous, result }) => {
      const { rebalance } = someIntent.cluster;
      if (rebalance !== "" && rebalance !== previous.rebalance) return;
      const before = places(previous);
      for (const [address, node] of places(result)) {
        const fit = someView.nodes.filter((one) => isFit(one, address));
        const holder = fit.find(({ name }) => name === before.get(address));
        const mayStay = holder !== undefined && (!isLeaving(holder) || fit.every(isLeaving));
        if (mayStay) expect(node).toBe(holder.name);
      }
    }));

  test("leaves no address aside while a node is fit, and uses a leaving one only when all are", () =>
    check(({ view: someView, result }) => {
      for (const [address, node] of places(result)) {
        const fit = someView.nodes.filter((one) => isFit(one, address));
        const staying = fit.filter((one) => !isLeaving(one));
        const candidates = staying.length > 0 ? staying : fit;
        expect(candidates.length === 0 ? [null] : candidates.map(({ name }) => name)).toContain(node);
      }
    }));

  test("keeps an address's id, and a freed id comes back only after all others", () =>
    check(({ previous, result }) => {
      const before = new Map([...previous.holders, ...previous.allocations].map((one) => [one.ip, one.id]));
      for (const { ip: address, id } of result.allocations) {
        if (before.has(address)) expect(id).toBe(before.get(address));
        else expect(id).toBeGreaterThan(previous.lastId);
      }
    }));

  test("is balanced within one when addresses are added to a balanced cluster", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), floatingIPs, floatingIPs, (count, first, added) => {
        const both = (i: number) => worker(i, { internalIPs: [ip(i), `2001:db8:1::${i}`] });
        const seen = view(Array.from({ length: count }, (_, i) => both(i + 1)));
        const declare = (...ips: string[]) =>
          intent([group("default", ...ips)], [], { nodeSubnets: ["192.168.1.0/24", "2001:db8:1::/64"] });
        const before = plan(declare(...first), seen, nothingBefore);
        const result = plan(declare(...first, ...added), seen, before.next);
        for (const one of [before, result]) {
          const loads = one.nodes.map(({ held }) => held.length);
          expect(Math.max(...loads) - Math.min(...loads)).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test("without one policy frees only what was its own", () =>
    check(({ intent: someIntent, view: someView, result }) => {
      const [removed] = result.policies.filter(({ state }) => state !== "refused");
      const without = { ...someIntent, policies: someIntent.policies.filter(({ name }) => name !== removed?.name) };
      const after = plan(without, someView, result.next);
      expect(after.allocations).toEqual(result.allocations);
      const others = result.policies.filter(({ name, state }) => name !== removed?.name && state !== "refused");
      for (const other of others) {
        const now = after.policies.find(({ name }) => name === other.name);
        expect(now).toMatchObject({ state: other.state, ip: other.ip, node: other.node });
      }
    }));
});

function bySubject(a: { message: string }, b: { message: string }): number {
  return a.message < b.message ? -1 : 1;
}

test("egress ids go round in a circle and never meet one that may be in use", () => {
  const seen = view([worker(1)]);
  const previous = {
    ...nothingBefore,
    allocations: [{ ip: ip(100), id: 2, node: "worker1" }],
    holders: [{ ip: ip(101), id: 1, nodes: ["worker1"] }],
    lastId: 16382,
  };
  const result = plan(intent([group("default", ip(100), ip(102), ip(103))], []), seen, previous);
  expect(result.allocations.map(({ id }) => id)).toEqual([2, 16383, 3]);
  expect(result.next.lastId).toBe(3);
});

test("a stored plan that was tampered with yields a sound plan", () => {
  const previous = {
    allocations: [
      { ip: ip(100), id: 7, node: "worker1" },
      { ip: ip(101), id: 7, node: "worker2" },
      { ip: ip(102), id: 99999, node: "nobody" },
    ],
    holders: [{ ip: ip(100), id: 8, nodes: ["nobody"] }],
    lastId: -3,
    rebalance: "",
    policies: {},
    takeOvers: {},
    witnesses: { version: 0, members: [] },
    agents: {},
  };
  const result = plan(
    intent([group("default", ip(100), ip(101), ip(102))], []),
    view([worker(1), worker(2)]),
    previous,
  );
  expect(result.allocations).toEqual([
    { ip: ip(100), id: 7, node: "worker1" },
    { ip: ip(101), id: 1, node: "worker2" },
    { ip: ip(102), id: 2, node: "worker1" },
  ]);
});

describe("changes read well in a commit status", () => {
  const both = [group("default", ip(100), ip(101)), group("g1", ip(101))];
  const story: [string, Intent, View, string[]][] = [
    [
      "the first plan",
      intent(both, [policy("a")]),
      view([worker(1), worker(2)]),
      [
        "192.168.1.100 goes to worker1: it is new",
        "192.168.1.101 goes to worker2: it is new",
        "policy a is Ready: traffic leaves as 192.168.1.100 from worker1",
      ],
    ],
    [
      "worker1 fails",
      intent(both, [policy("a")]),
      view([worker(1, { ready: false }), worker(2)]),
      ["192.168.1.100 moves from worker1 to worker2: worker1 is not Ready"],
    ],
    ["worker1 comes back: nothing moves back", intent(both, [policy("a")]), view([worker(1), worker(2)]), []],
    [
      "another group for the policy",
      intent(both, [policy("a", { via: "g1" })]),
      view([worker(1), worker(2)]),
      ["policy a is Ready: traffic leaves as 192.168.1.101 from worker2"],
    ],
    [
      "worker2 leaves and worker1 is not Ready",
      intent(both, [policy("a", { via: "g1" })]),
      view([worker(1, { ready: false })]),
      [
        "192.168.1.100 is held: worker2 left the cluster, and no node is fit to hold 192.168.1.100: worker1 is not Ready",
        "192.168.1.101 is held: worker2 left the cluster, and no node is fit to hold 192.168.1.101: worker1 is not Ready",
        "policy a is held: traffic is held: no node is fit to hold 192.168.1.101: worker1 is not Ready",
      ],
    ],
    [
      "worker1 is Ready again and an address is removed",
      intent([group("default", ip(101)), group("g1", ip(101))], [policy("a", { via: "g1" })]),
      view([worker(1)]),
      [
        "192.168.1.101 goes to worker1: a fit node is there again",
        "192.168.1.100 is given up: 192.168.1.100 is not among the floating IPs of kube-system/default, so no node is given it",
        "policy a is Ready: traffic leaves as 192.168.1.101 from worker1",
      ],
    ],
    [
      "the group is removed and a newcomer has none",
      intent([group("default", ip(101))], [policy("a", { via: "g1" })]),
      view([worker(1)]),
      ["policy a is refused: NetworkGatewayGroup kube-system/g1 does not exist"],
    ],
    [
      "everything is removed",
      intent([], []),
      view([worker(1)]),
      [
        "192.168.1.101 is released by worker1: 192.168.1.101 is not among the floating IPs of kube-system/default, so no node is given it",
        "policy a is removed: it was not in effect",
      ],
    ],
  ];
  let previous = nothingBefore;
  test.each(story)("%s", (_title, someIntent, someView, reasons) => {
    const result = plan(someIntent, someView, previous);
    previous = result.next;
    expect(result.changes.map(({ reason }) => reason)).toEqual(reasons);
  });
});
