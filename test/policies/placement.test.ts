import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ClusterSettings } from "../../policies/intent.ts";
import { nothingBefore, type Plan, plan } from "../../policies/plan.ts";
import type { NodeView } from "../../policies/view.ts";
import { group, intent, policy, view, worker } from "./builders.ts";

// nodes 192.168.1.1–9 · floating IPs 192.168.1.100–109
const ip = (last: number) => `192.168.1.${last}`;
const ips = (count: number) => Array.from({ length: count }, (_, i) => ip(100 + i));

interface Step {
  readonly ips?: readonly string[];
  readonly nodes: readonly NodeView[];
  readonly settings?: Partial<ClusterSettings>;
}

/** The plans of one cluster, one after the other. */
function follow(...steps: readonly Step[]): Plan {
  let before = nothingBefore;
  let last: Plan | undefined;
  for (const { ips: declared = ips(4), nodes, settings } of steps) {
    last = plan(intent([group("default", ...declared)], [], settings), view(nodes), before);
    before = last.next;
  }
  return last as Plan;
}

const places = ({ allocations }: Plan) => allocations.map(({ ip: address, node }) => `${address} ${node}`);
const reasons = ({ changes }: Plan) => changes.map(({ reason }) => reason);
const loads = ({ nodes }: Plan) => nodes.map(({ held }) => held.length);

const drained = (number: number) => worker(number, { draining: true });
const cordoned = (number: number) => worker(number, { unschedulable: true });

describe("a node that is leaving", () => {
  test.each([
    ["drained", drained],
    ["cordoned", cordoned],
  ] as const)("%s: gives all it holds to the others, evenly", (word, leave) => {
    const result = follow({ nodes: [worker(1), worker(2)] }, { nodes: [leave(1), worker(2), worker(3)] });
    expect(reasons(result)).toEqual([
      `${ip(100)} moves from worker1 to worker3: worker1 is ${word}`,
      `${ip(102)} moves from worker1 to worker3: worker1 is ${word}`,
    ]);
    expect(loads(result)).toEqual([0, 2, 2]);
  });

  test("keeps what no other node is fit for, and the plan is then settled", () => {
    const result = follow({ nodes: [worker(1)] }, { nodes: [drained(1), worker(2, { ready: false })] });
    expect(reasons(result)).toEqual([]);
    expect(loads(result)).toEqual([4, 0]);
  });

  test("even takes over where only leaving nodes are left: held traffic would be worse", () => {
    const result = follow({ nodes: [worker(1), cordoned(2)] }, { nodes: [cordoned(2)] });
    expect(places(result)).toEqual(ips(4).map((address) => `${address} worker2`));
  });

  test("gets nothing back by itself once it stays", () => {
    const result = follow(
      { nodes: [worker(1), worker(2)] },
      { nodes: [drained(1), worker(2)] },
      {
        nodes: [worker(1), worker(2)],
      },
    );
    expect(reasons(result)).toEqual([]);
    expect(loads(result)).toEqual([0, 4]);
  });
});

describe("rebalance", () => {
  const crowded: Step[] = [{ nodes: [worker(1)] }, { nodes: [worker(1), worker(2)] }];
  const asked = (rebalance: string): Step => ({ nodes: [worker(1), worker(2)], settings: { rebalance } });

  test("spreads the addresses evenly, with as few moves as that takes", () => {
    const result = follow(...crowded, asked("2026-11-24"));
    expect(reasons(result)).toEqual([
      `${ip(100)} moves from worker1 to worker2: the floating IPs are rebalanced`,
      `${ip(101)} moves from worker1 to worker2: the floating IPs are rebalanced`,
    ]);
  });

  test("happens once for each new text, and taking the text away asks for nothing", () => {
    const uneven: Step[] = [asked("one"), { nodes: [worker(1)], settings: { rebalance: "one" } }];
    expect(loads(follow(...uneven, asked("one")))).toEqual([4, 0]);
    expect(loads(follow(...uneven, asked("")))).toEqual([4, 0]);
    expect(loads(follow(...uneven, asked("two")))).toEqual([2, 2]);
  });

  test("evens out any cluster of one subnet, and moves no more than the surplus", () => {
    const counts = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(counts, (held) => {
        const nodes = held.map((_, i) => worker(i + 1));
        const owners = held.flatMap((count, i) => Array.from({ length: count }, () => `worker${i + 1}`));
        const allocations = owners.map((node, i) => ({ ip: ip(100 + i), id: i + 1, node }));
        const declared = allocations.map(({ ip: address }) => address);
        const someIntent = intent([group("default", ...declared)], [], { rebalance: "now" });
        const result = plan(someIntent, view(nodes), { ...nothingBefore, allocations });
        const after = loads(result);
        expect(Math.max(...after) - Math.min(...after)).toBeLessThanOrEqual(1);
        const surplus = after.reduce((sum, now, i) => sum + Math.max(0, (held[i] as number) - now), 0);
        expect(result.changes.length).toBe(surplus);
      }),
      { numRuns: 300 },
    );
  });

  test("moves nothing onto a node that is leaving", () => {
    const result = follow(...crowded, { nodes: [worker(1), drained(2)], settings: { rebalance: "now" } });
    expect(loads(result)).toEqual([4, 0]);
  });
});

describe("both families", () => {
  const dual = (number: number) => worker(number, { internalIPs: [ip(number), `2001:db8:1::${number}`] });
  const settings = {
    nodeSubnets: ["192.168.1.0/24", "2001:db8:1::/64"],
    podCIDRs: ["10.10.0.0/16", "2001:db8:10::/48"],
    serviceCIDRs: ["10.96.0.0/12"],
  };
  const six = "2001:db8:1::100";
  const declared = intent(
    [group("default", ip(100), six), group("g6", six)],
    [
      policy("four", { pods: { app: "web" } }),
      policy("six", { pods: { app: "web" }, to: ["2001:db8:9::/48"], via: "g6" }),
    ],
    settings,
  );
  const pods = [
    { namespace: "web", name: "both", uid: "1", node: "worker1", ips: ["10.10.1.2", "2001:db8:10::2"] },
    { namespace: "web", name: "only-six", uid: "2", node: "worker1", ips: ["2001:db8:10::3"] },
  ].map((one) => ({ ...one, labels: { app: "web" }, hostNetwork: false, workload: null }));

  test("a plan for both carries both", () => {
    const result = plan(declared, view([dual(1), dual(2)], pods), nothingBefore);
    expect(places(result)).toEqual([`${ip(100)} worker1`, `${six} worker2`]);
    expect(result.policies.map(({ name, state, ip: address }) => [name, state, address])).toEqual([
      ["four", "active", ip(100)],
      ["six", "active", six],
    ]);
    const [state] = result.nodes;
    expect(state?.underlayIP).toBe(ip(1));
    expect(state?.classes).toEqual([
      {
        key: "four,six",
        rules: [
          { cidr: "2001:db8:9::/48", id: 2, policy: "six" },
          { cidr: "8.8.8.0/24", id: 1, policy: "four" },
        ],
      },
    ]);
    expect(state?.pods.map(({ name, ips: own }) => [name, own])).toEqual([
      ["both", ["10.10.1.2", "2001:db8:10::2"]],
      ["only-six", ["2001:db8:10::3"]],
    ]);
    expect(state?.noEgressCIDRs).toEqual([
      ...["10.10.0.0/16", "10.96.0.0/12", "169.254.0.0/16"],
      ...["192.168.1.1/32", "192.168.1.2/32", "192.168.1.100/32", "224.0.0.0/4"],
      ...["2001:db8:1::1/128", "2001:db8:1::2/128", "2001:db8:1::100/128", "2001:db8:10::/48", "fe80::/10", "ff00::/8"],
    ]);
  });

  test("an address goes only to a node that has an address of its family", () => {
    const result = plan(declared, view([worker(1), dual(2)]), nothingBefore);
    expect(places(result)).toEqual([`${ip(100)} worker1`, `${six} worker2`]);
  });

  test("the overlay is of the family of the first node subnet", () => {
    const turned = { ...declared.cluster, nodeSubnets: settings.nodeSubnets.toReversed() };
    const result = plan({ ...declared, cluster: turned }, view([dual(1), worker(2)]), nothingBefore);
    expect(result.nodes.map(({ node, underlayIP, mac }) => [node, underlayIP, mac])).toEqual([
      ["worker1", "2001:db8:1::1", "02:e9:00:00:00:01"],
    ]);
    expect(places(result)).toEqual([`${ip(100)} worker1`, `${six} worker1`]);
  });

  test("two nodes whose overlay devices would have the same MAC address are not both in the overlay", () => {
    const far = worker(2, { internalIPs: ["2001:db8:1:0:7::1"] });
    const onlySix = { ...declared.cluster, nodeSubnets: ["2001:db8:1::/64"] };
    const result = plan({ ...declared, cluster: onlySix }, view([dual(1), far]), nothingBefore);
    expect(result.nodes.map(({ node }) => node)).toEqual(["worker1"]);
  });
});

test("without pod prefixes of its family an address is not allocated: agents could not hold unknown pods", () => {
  const onlyFour = intent([group("default", ip(100), "2001:db8:1::100")], [policy("a")], {
    nodeSubnets: ["192.168.1.0/24", "2001:db8:1::/64"],
    podCIDRs: ["10.10.0.0/16"],
  });
  const node = worker(1, { internalIPs: [ip(1), "2001:db8:1::1"] });
  const result = plan(onlyFour, view([node]), nothingBefore);
  expect(places(result)).toEqual([`${ip(100)} worker1`]);
  expect(result.groups[0]?.ready).toMatchObject({
    reason: "PodCIDRsMissing",
    message: "2001:db8:1::100 cannot be allocated: EgressCluster declares no IPv6 podCIDRs",
  });
  expect(result.findings.map(({ code }) => code)).toEqual(["pod-cidrs-missing"]);
});

describe("an address that belongs to something else is refused whatever the nodes do", () => {
  test.each([
    ["192.168.1.0", "FloatingIPUnusable", "192.168.1.0 is the network address of its subnet"],
    ["192.168.1.255", "FloatingIPUnusable", "192.168.1.255 is the broadcast address of its subnet"],
    ["192.168.1.254", "FloatingIPOverlaps", "192.168.1.254 is a default gateway of the nodes"],
    ["10.10.3.4", "FloatingIPOverlaps", "10.10.3.4 lies in 10.10.0.0/16 of podCIDRs"],
    ["10.96.0.1", "FloatingIPOverlaps", "10.96.0.1 lies in 10.96.0.0/12 of serviceCIDRs"],
    ["127.0.0.1", "FloatingIPUnusable", "127.0.0.1 is a loopback address; no node can hold it"],
  ])("%s: %s", (address, reason, message) => {
    const result = plan(
      intent([group("default", address)], [policy("a")], { defaultGateways: ["192.168.1.254"] }),
      view([worker(1)]),
      nothingBefore,
    );
    expect(result.allocations).toEqual([]);
    expect(result.policies[0]?.ready).toMatchObject({ status: "False", reason, message });
  });
});
