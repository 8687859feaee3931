import { describe, expect, test } from "vitest";
import type { Intent } from "../../policies/intent.ts";
import { nothingBefore, type Previous, plan } from "../../policies/plan.ts";
import type { View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, select, view, worker } from "./builders.ts";

// nodes 192.168.1.1–3 · floating IPs 192.168.1.100–104 · pods 10.10.0.0/16 · outside 8.8.8.0/24
const ip = (last: number) => `192.168.1.${last}`;
const twoNodes = view([worker(1), worker(2)]);

interface Case {
  readonly rule: string;
  readonly intent: Intent;
  readonly view?: View;
  readonly previous?: Previous;
  /** Policy or group → what its Ready condition says. */
  readonly policies?: Readonly<Record<string, string>>;
  readonly groups?: Readonly<Record<string, string>>;
  /** Floating IP → node. */
  readonly status?: Readonly<Record<string, string>>;
  readonly findings?: readonly string[];
}

const readyWith = (name: string, groupName: string): Previous => ({
  ...nothingBefore,
  policies: { [name]: { group: `kube-system/${groupName}`, state: "active", ip: ip(100) } },
});

test.each<Case>([
  {
    rule: "the seed's example: every floating IP of kube-system/default is allocated, and its status says where",
    intent: intent([group("default", ip(100), ip(101), ip(102))], [policy("alice-paul")]),
    policies: { "alice-paul": `True Allocated: traffic leaves as ${ip(100)} from worker1` },
    groups: { default: `True Allocated: ${ip(100)}, ${ip(101)} and ${ip(102)} are allocated` },
    status: { [ip(100)]: "worker1", [ip(101)]: "worker2", [ip(102)]: "worker1" },
  },
  {
    rule: "a floating IP outside every subnet of the nodes is not allocated",
    intent: intent([group("default", "10.1.2.3", ip(100))], [policy("a")]),
    policies: { a: "False FloatingIPOutsideNodeSubnets: 10.1.2.3 is in no subnet of the nodes (192.168.1.0/24)" },
    groups: { default: "False FloatingIPOutsideNodeSubnets: 10.1.2.3 is in no subnet of the nodes (192.168.1.0/24)" },
    status: { [ip(100)]: "worker1" },
  },
  {
    rule: "with several subnets, a node that has that subnet must exist; until then the policy's traffic is held",
    intent: intent([group("default", "192.168.2.100", ip(100))], [policy("a")], {
      nodeSubnets: ["192.168.1.0/24", "192.168.2.0/24"],
    }),
    policies: { a: "False NoNodeInSubnet: traffic is held: no node has an address in the subnet of 192.168.2.100" },
    groups: { default: "False NoNodeInSubnet: no node has an address in the subnet of 192.168.2.100" },
    status: { [ip(100)]: "worker1" },
    findings: ["error floating-ip-subnet-without-node"],
  },
  {
    rule: "with several subnets, an address goes to a node of its own subnet",
    intent: intent([group("default", "192.168.2.100", ip(100))], [], {
      nodeSubnets: ["192.168.1.0/24", "192.168.2.0/24"],
    }),
    view: view([worker(1), worker(2, { internalIPs: ["192.168.2.2"] })]),
    status: { [ip(100)]: "worker1", "192.168.2.100": "worker2" },
  },
  {
    rule: "without declared subnets nothing is allocated",
    intent: intent([group("default", ip(100))], [policy("a")], { nodeSubnets: [] }),
    policies: {
      a: `False NodeSubnetsMissing: ${ip(100)} cannot be allocated: EgressCluster declares no nodeSubnets`,
    },
    groups: {
      default: `False NodeSubnetsMissing: ${ip(100)} cannot be allocated: EgressCluster declares no nodeSubnets`,
    },
    status: {},
    findings: ["error node-subnets-missing"],
  },
  {
    rule: "a floating IP that is a node's address is never allocated, and its policy's traffic is held",
    intent: intent([group("default", ip(2), ip(100))], [policy("a")]),
    policies: {
      a: `False FloatingIPIsNodeAddress: traffic is held: ${ip(2)} is the address of node worker2 and is never allocated`,
    },
    groups: {
      default: `False FloatingIPIsNodeAddress: ${ip(2)} is the address of node worker2 and is never allocated`,
    },
    status: { [ip(100)]: "worker1" },
    findings: ["error floating-ip-is-node-address"],
  },
  {
    rule: "an address listed twice is allocated once",
    intent: intent([group("default", ip(100), ip(100))], []),
    groups: { default: `True Allocated: ${ip(100)} is allocated` },
    status: { [ip(100)]: "worker1" },
  },
  {
    rule: "only kube-system/default is reconciled for allocation: an IP of another group must be in it too",
    intent: intent([group("default", ip(100)), group("gateway1", ip(101))], [policy("a", { via: "gateway1" })]),
    policies: {
      a: `False FloatingIPNotInDefault: ${ip(101)} is not among the floating IPs of kube-system/default, so no node is given it`,
    },
    groups: {
      gateway1: `False FloatingIPNotInDefault: ${ip(101)} is not among the floating IPs of kube-system/default, so no node is given it`,
    },
    status: { [ip(100)]: "worker1" },
  },
  {
    rule: "other groups carry no allocation status; several policies use a group of their own each",
    intent: intent(
      [group("default", ip(100), ip(101)), group("gateway1", ip(100)), group("gateway2", ip(101))],
      [policy("egresspolicy1", { via: "gateway1" }), policy("egresspolicy2", { via: "gateway2" })],
    ),
    policies: {
      egresspolicy1: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
      egresspolicy2: `True Allocated: traffic leaves as ${ip(101)} from worker2`,
    },
    groups: {
      gateway1: `True Allocated: ${ip(100)} is allocated`,
      gateway2: `True Allocated: ${ip(101)} is allocated`,
    },
  },
  {
    rule: "a policy uses the first IP of its group and ignores the others",
    intent: intent([group("default", ip(101), ip(100))], [policy("a")]),
    policies: { a: `True Allocated: traffic leaves as ${ip(101)} from worker2` },
  },
  {
    rule: "a gatewayRef to a group that does not exist fails",
    intent: intent([group("default", ip(100))], [policy("a", { via: "gateway9" })]),
    policies: { a: "False GatewayGroupNotFound: NetworkGatewayGroup kube-system/gateway9 does not exist" },
  },
  {
    rule: "a group without an address serves no policy",
    intent: intent([group("default")], [policy("a")]),
    policies: { a: "False NoFloatingIP: NetworkGatewayGroup kube-system/default lists no floating IP" },
    groups: { default: "False NoFloatingIP: the group lists no floating IP" },
  },
  {
    rule: "each policy's gatewayRef is unique: where none was Ready the first by name stays",
    intent: intent([group("default", ip(100))], [policy("b"), policy("a")]),
    policies: {
      a: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
      b: "False GatewayRefNotUnique: gatewayRef kube-system/default is already used by policy a; each policy needs a group of its own",
    },
    findings: ["error gateway-ref-shared"],
  },
  {
    rule: "each policy's gatewayRef is unique: the policy that was Ready stays, newcomers are refused",
    intent: intent([group("default", ip(100))], [policy("a"), policy("b")]),
    previous: readyWith("b", "default"),
    policies: {
      a: "False GatewayRefNotUnique: gatewayRef kube-system/default is already used by policy b; each policy needs a group of its own",
      b: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
    },
    findings: ["error gateway-ref-shared"],
  },
  {
    rule: "having been Ready with another group gives no right to this one",
    intent: intent([group("default", ip(100))], [policy("a"), policy("b")]),
    previous: readyWith("b", "gateway1"),
    policies: {
      a: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
      b: "False GatewayRefNotUnique: gatewayRef kube-system/default is already used by policy a; each policy needs a group of its own",
    },
    findings: ["error gateway-ref-shared"],
  },
  {
    rule: "two groups may begin with the same address: unique is the reference, not the address",
    intent: intent(
      [group("default", ip(100)), group("gateway1", ip(100))],
      [policy("a"), policy("b", { via: "gateway1" })],
    ),
    policies: {
      a: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
      b: `True Allocated: traffic leaves as ${ip(100)} from worker1`,
    },
  },
  {
    rule: "while no node is fit the policy stays in effect and its traffic is held",
    intent: intent([group("default", ip(100))], [policy("a")], { gatewayNodeSelector: select({ egress: "yes" }) }),
    view: view([worker(1, { ready: false, labels: { egress: "yes" } }), worker(2, { labels: { egress: "no" } })]),
    policies: {
      a: `False NoFitNode: traffic is held: no node is fit to hold ${ip(100)}: worker1 is not Ready and worker2 does not match gatewayNodeSelector`,
    },
    groups: {
      default: `False NoFitNode: no node is fit to hold ${ip(100)}: worker1 is not Ready and worker2 does not match gatewayNodeSelector`,
    },
    status: {},
  },
  {
    rule: "a node outside the declared subnets cannot be reached: its pods keep its address, and that is said",
    intent: intent([group("default", ip(100), ip(101))], []),
    view: view([worker(1), worker(2, { internalIPs: ["10.9.9.9"] })]),
    status: { [ip(100)]: "worker1", [ip(101)]: "worker1" },
    findings: ["warning node-outside-node-subnets"],
  },
  {
    rule: "only nodes that match gatewayNodeSelector hold addresses",
    intent: intent([group("default", ip(100), ip(101))], [], { gatewayNodeSelector: select({ egress: "yes" }) }),
    view: view([worker(1), worker(2, { labels: { egress: "yes" } })]),
    status: { [ip(100)]: "worker2", [ip(101)]: "worker2" },
  },
])("$rule", (given) => {
  const result = plan(given.intent, given.view ?? twoNodes, given.previous ?? nothingBefore);
  const said = (list: readonly { name: string; ready: { status: string; reason: string; message: string } }[]) =>
    Object.fromEntries(list.map(({ name, ready }) => [name, `${ready.status} ${ready.reason}: ${ready.message}`]));
  if (given.policies) expect(said(result.policies)).toEqual(given.policies);
  if (given.groups) expect(said(result.groups)).toMatchObject(given.groups);
  const main = result.groups.find(({ name }) => name === "default");
  if (given.status) expect(main?.floatingIPs).toEqual(given.status);
  expect(result.findings.map(({ severity, code }) => `${severity} ${code}`)).toEqual(given.findings ?? []);
  for (const other of result.groups) if (other.name !== "default") expect(other).not.toHaveProperty("floatingIPs");
});

describe("which traffic a policy captures", () => {
  const web = [namespace("web", { user: "alice" })];
  const classOf = (given: Intent, seen: View, previous = nothingBefore) => {
    const [node] = plan(given, seen, previous).nodes;
    const { class: key } = node?.pods[0] ?? { class: null };
    const rules = node?.classes.find((one) => one.key === key)?.rules.map(({ cidr, id }) => `${cidr} → ${id}`) ?? [];
    return { class: key, rules, gateways: node?.gateways.map(({ id, node: at }) => `${id} at ${at}`) ?? [] };
  };
  const pods = [pod("web/a", "10.10.1.5", { labels: { role: "frontend" } })];
  const alice = policy("a", { namespaces: { user: "alice" }, pods: { role: "frontend" } });

  test("an active policy names the id and its gateway", () => {
    const seen = view([worker(1)], pods, web);
    const expected = { class: "a", rules: ["8.8.8.0/24 → 1"], gateways: ["1 at worker1"] };
    expect(classOf(intent([group("default", ip(100))], [alice]), seen)).toEqual(expected);
  });

  test("a held policy names the id and there is no gateway: dropped, not leaked", () => {
    const seen = view([worker(1, { ready: false })], pods, web);
    const expected = { class: "a", rules: ["8.8.8.0/24 → 1"], gateways: [] };
    expect(classOf(intent([group("default", ip(100))], [alice]), seen)).toEqual(expected);
  });

  test("a refused policy touches nothing, and its destinations are not announced", () => {
    const refused = intent(
      [group("default", ip(100)), group("g", ip(101))],
      [{ ...alice, gatewayRef: policy("", { via: "g" }).gatewayRef }],
    );
    const seen = view([worker(1)], pods, web);
    expect(classOf(refused, seen)).toEqual({ class: null, rules: [], gateways: [] });
    expect(plan(refused, seen, nothingBefore).nodes[0]?.destinations).toEqual([]);
  });

  test("host-network pods are counted and ignored; a pod without an address is counted and not listed yet", () => {
    const seen = view(
      [worker(1)],
      [
        pod("web/host", ip(1), { labels: { role: "frontend" }, hostNetwork: true }),
        pod("web/starting", "", { labels: { role: "frontend" }, ips: [] }),
        pod("web/six", "", { labels: { role: "frontend" }, ips: ["2001:DB8:0::5", "10.10.1.6"] }),
        pod("web/other", "10.10.1.7"),
      ],
      web,
    );
    const result = plan(intent([group("default", ip(100))], [alice]), seen, nothingBefore);
    expect(result.policies[0]).toMatchObject({ selectedPods: 2, ignoredHostNetworkPods: 1 });
    expect(result.nodes[0]?.pods.map((one) => [one.name, one.ips, one.class])).toEqual([
      ["other", ["10.10.1.7"], null],
      ["six", ["10.10.1.6", "2001:db8::5"], "a"],
    ]);
  });

  test("in-cluster traffic, node addresses, floating IPs and what is never routed never take the egress path", () => {
    const given = intent([group("default", ip(100), ip(101))], [], { noEgressCIDRs: ["172.16.0.0/12"] });
    const seen = view([worker(1, { internalIPs: [ip(1), "10.200.0.1"] }), worker(2)]);
    expect(plan(given, seen, nothingBefore).nodes[0]?.noEgressCIDRs).toEqual([
      "10.10.0.0/16",
      "10.96.0.0/12",
      "10.200.0.1/32",
      "169.254.0.0/16",
      "172.16.0.0/12",
      "192.168.1.1/32",
      "192.168.1.2/32",
      "192.168.1.100/31",
      "224.0.0.0/4",
      "fe80::/10",
      "ff00::/8",
    ]);
  });

  test("a node without an address in a declared subnet gets no state", () => {
    const seen = view([worker(1), worker(2, { internalIPs: ["10.9.9.9", "fe80::1"] })]);
    const states = plan(intent([], []), seen, nothingBefore).nodes;
    expect(states.map(({ node, underlayIP, mac }) => [node, underlayIP, mac])).toEqual([
      ["worker1", ip(1), "02:e9:c0:a8:01:01"],
    ]);
  });
});

describe("precedence", () => {
  const seen = view([worker(1)], [pod("web/x", "10.10.1.5"), pod("web/y", "10.10.1.6")], [namespace("web")]);
  const groups = [group("default", ip(100), ip(101), ip(102)), group("g1", ip(101)), group("g2", ip(102))];

  test.each([
    {
      rule: "the longest prefix wins",
      policies: [policy("a", { to: ["8.8.0.0/16"] }), policy("b", { to: ["8.8.8.0/24"], via: "g1" })],
      rules: ["8.8.8.0/24 → 2", "8.8.0.0/16 → 1"],
      shadowed: { a: ["8.8.8.0/24 by b, 2 pods"] },
    },
    {
      rule: "a tie goes to the name that sorts first",
      policies: [policy("b", { to: ["8.8.8.0/24", "9.9.9.0/24"] }), policy("a", { to: ["8.8.8.0/24"], via: "g1" })],
      rules: ["8.8.8.0/24 → 2", "9.9.9.0/24 → 1"],
      shadowed: { b: ["8.8.8.0/24 by a, 2 pods"] },
    },
    {
      rule: "what lies within a lost prefix is not told again, another winner is",
      policies: [
        policy("a", { to: ["8.0.0.0/8"] }),
        policy("b", { to: ["8.8.0.0/16", "8.8.8.0/24"], via: "g1" }),
        policy("c", { to: ["8.8.8.8/32"], via: "g2" }),
      ],
      rules: ["8.8.8.8/32 → 3", "8.8.8.0/24 → 2", "8.8.0.0/16 → 2", "8.0.0.0/8 → 1"],
      shadowed: { a: ["8.8.0.0/16 by b, 2 pods", "8.8.8.8/32 by c, 2 pods"], b: ["8.8.8.8/32 by c, 2 pods"] },
    },
    {
      rule: "a refused policy shadows nobody",
      policies: [policy("a", { to: ["8.8.8.0/24"], via: "g9" }), policy("b", { to: ["8.8.8.0/24"] })],
      rules: ["8.8.8.0/24 → 1"],
      shadowed: {},
    },
  ])("$rule", ({ policies, rules, shadowed }) => {
    const result = plan(intent(groups, policies), seen, nothingBefore);
    expect(result.nodes[0]?.classes[0]?.rules.map(({ cidr, id }) => `${cidr} → ${id}`)).toEqual(rules);
    const told = result.policies.filter((one) => one.shadowed.length > 0);
    expect(
      Object.fromEntries(
        told.map((one) => [one.name, one.shadowed.map((s) => `${s.cidr} by ${s.by}, ${s.pods} pods`)]),
      ),
    ).toEqual(shadowed);
    expect(result.findings.map(({ code, object }) => [code, object?.name])).toEqual(
      Object.keys(shadowed).map((name) => ["policy-shadowed", name]),
    );
  });
});
