import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { Finding } from "../../policies/findings.ts";
import type { Intent, LabelSelector } from "../../policies/intent.ts";
import type { Plan, PolicyOutcome } from "../../policies/model.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import type { NodeProgress, StatusInput } from "../../reconciler/status/input.ts";
import { statusPages } from "../../reconciler/status/pages.ts";

// worker1 holds 192.168.1.100 (alice-paul), worker2 holds 192.168.1.101 (bob), 192.168.1.102 is on no node.
const nodes = ["worker1", "worker2", "worker3"];

describe("README.md", () => {
  test("a commit in force", async () => {
    await expect(page("README.md", inForce())).toMatchFileSnapshot("golden/readme-applied.txt");
  });

  test("a commit that waits for a node", async () => {
    const input = inForce();
    const behind = { ...progress("worker3"), hash: "newer", generation: 8, connected: false };
    const { confirmed: _, ...unconfirmed } = failed("worker2");
    const waiting: StatusInput = {
      ...input,
      seen: { commit: head, outcome: { kind: "waiting" } },
      nodes: new Map(input.nodes).set("worker3", behind).set("worker2", unconfirmed),
      waiting: ["worker3 has not connected since the reconciler started"],
    };
    await expect(page("README.md", waiting)).toMatchFileSnapshot("golden/readme-waiting.txt");
  });

  test("a commit that is rejected", async () => {
    const rejected: StatusInput = {
      ...inForce(),
      seen: {
        commit: { oid: "b".repeat(40), subject: "Break the default group" },
        outcome: { kind: "rejected", findings },
      },
    };
    await expect(page("README.md", rejected)).toMatchFileSnapshot("golden/readme-rejected.txt");
  });

  test.each([
    {
      outcome: { kind: "no-effect" },
      says: "**No effect.** Commit `aaaaaaaaaaaa` (Add alice-paul) changes nothing here: 3 of 3",
    },
    {
      outcome: { kind: "superseded", by: "c".repeat(40) },
      says: "**Superseded.** Commit `aaaaaaaaaaaa` (Add alice-paul) was followed by `cccccccccccc`",
    },
  ] as const)("$outcome.kind", ({ outcome, says }) => {
    expect(page("README.md", { ...inForce(), seen: { commit: head, outcome } })).toContain(says);
  });

  test("before the first commit", () => {
    const nothing = { ...inForce(), applied: null, seen: null };
    expect(page("README.md", nothing)).toContain("**Starting.** No commit has been looked at yet.");
  });

  test.each([
    { name: "a table's end", subject: "a | b" },
    { name: "code", subject: "`rm -rf`" },
    { name: "a link", subject: "[click](http://evil.example)" },
    { name: "a bare link", subject: "http://evil.example www.evil.example" },
    { name: "an image", subject: "![x](y)" },
    { name: "markup", subject: "<img src=x onerror=alert(1)> **b** _i_ ~~s~~ # h" },
    { name: "a mention", subject: "@everyone #1" },
    { name: "an entity", subject: "&#60;script&gt;" },
    { name: "a line break", subject: "a\r\n\n# Applied" },
    { name: "control characters", subject: "\x1b[31mred\x07\0" },
    { name: "bidirectional and invisible characters", subject: "\u202Etxt.\u2066a\u200Bb\uFEFF" },
    { name: "half a character", subject: "\uD800" },
  ])("$name in a commit's subject stays text", ({ subject }) => {
    const text = page("README.md", {
      ...inForce(),
      seen: { commit: { oid: head.oid, subject }, outcome: { kind: "applied" } },
    });
    const line = text.split("\n").find((candidate) => candidate.startsWith("**Applied.**")) ?? "";
    const shown = /\((.*)\): 3 of 3 nodes have confirmed\.$/.exec(line)?.[1] ?? "not on one line";
    expect(shown).not.toMatch(/[`*_[\]<>|~@\p{Cc}\p{Cf}\p{Cs}]|:\/\/|www\./u);
    expect(shown.replaceAll(/&#\d+;/g, "")).not.toMatch(/[&#]/);
  });

  test("a long subject is shortened, a thousand findings are counted", () => {
    const many = Array.from({ length: 1000 }, (_, line) => ({ ...(findings[0] as Finding), line }));
    const seen = {
      commit: { oid: head.oid, subject: "x".repeat(10_000) },
      outcome: { kind: "rejected", findings: many },
    } as const;
    const text = page("README.md", { ...inForce(), seen });
    expect(text).toContain("1000 errors");
    expect(text).toContain("900 more: `sallyport check` prints them all.");
    expect(text.length).toBeLessThan(40_000);
  });
});

describe("objects", () => {
  test("the default group shows nodes and addresses as kubectl would", () => {
    expect(load(page("networkgatewaygroups/kube-system/default.yaml", inForce()))).toEqual({
      kind: "NetworkGatewayGroup",
      apiVersion: "networking.gke.io/v1",
      metadata: { namespace: "kube-system", name: "default" },
      spec: { floatingIPs: ["192.168.1.100", "192.168.1.101", "192.168.1.102"] },
      status: {
        floatingIPs: { "192.168.1.100": "worker1", "192.168.1.101": "worker2" },
        nodes: { worker1: "Up", worker2: "Up", worker3: "Down" },
        conditions: [
          { type: "Ready", status: "True", reason: "Allocated", message: "2 of 3 floating IPs are on a node" },
        ],
        observedCommit: head.oid,
      },
    });
  });

  test("another group shows no allocation", () => {
    const { status } = load(page("networkgatewaygroups/kube-system/gateway1.yaml", inForce())) as { status: object };
    expect(Object.keys(status)).toEqual(["conditions", "observedCommit"]);
  });

  test("a policy is shown as it was written, with its status", () => {
    expect(load(page("egressnatpolicies/alice-paul.yaml", inForce()))).toEqual({
      kind: "EgressNATPolicy",
      apiVersion: "networking.gke.io/v1",
      metadata: { name: "alice-paul" },
      spec: {
        sources: [
          { namespaceSelector: { matchLabels: { user: "alice" } }, podSelector: { matchLabels: { role: "frontend" } } },
          {
            namespaceSelector: {
              matchExpressions: [
                { key: "user", operator: "In", values: ["paul", "pauline"] },
                { key: "test", operator: "DoesNotExist" },
              ],
            },
            podSelector: {},
          },
        ],
        action: "SNAT",
        destinations: [{ cidr: "8.8.8.0/24" }, { cidr: "1.1.1.0/24" }],
        gatewayRef: { name: "default", namespace: "kube-system" },
      },
      status: {
        conditions: [
          {
            type: "Ready",
            status: "True",
            reason: "Allocated",
            message: "traffic leaves as 192.168.1.100 from worker1",
          },
        ],
        floatingIP: "192.168.1.100",
        gatewayNode: "worker1",
        selectedPods: 4,
        ignoredHostNetworkPods: 1,
        observedCommit: head.oid,
      },
    });
  });

  test("names that no cluster would accept cannot leave their folder", () => {
    const input = inForce();
    const [policy] = input.intent.policies;
    const [outcome] = input.plan.policies;
    if (!policy || !outcome) throw new Error("no policy");
    const names = ["../../README", "..", "a/b", ".git", "a\0b", ""];
    const odd: StatusInput = {
      ...input,
      intent: { ...input.intent, policies: names.map((name) => ({ ...policy, name })) },
      plan: { ...input.plan, policies: names.map((name) => ({ ...outcome, name })) },
    };
    const paths = [...statusPages(odd).keys()].filter((path) => path.startsWith("egressnatpolicies/"));
    expect(paths).toEqual([
      "egressnatpolicies/%2E.%2F..%2FREADME.yaml",
      "egressnatpolicies/%2E..yaml",
      "egressnatpolicies/%2Egit.yaml",
      "egressnatpolicies/.yaml",
      "egressnatpolicies/a%00b.yaml",
      "egressnatpolicies/a%2Fb.yaml",
    ]);
  });
});

describe("Ready needs the nodes' word", () => {
  test.each([
    {
      name: "all have confirmed",
      change: (input: StatusInput) => input,
      ready: { "alice-paul": "True", bob: "True", default: "True" },
    },
    {
      name: "the gateway does not hold the address yet",
      change: confirmedOn("worker1", (state) => ({ ...state, held: [] })),
      ready: { "alice-paul": "not confirmed by worker1", bob: "True", default: "not confirmed by worker1" },
    },
    {
      name: "a node still sends to another gateway",
      change: confirmedOn("worker3", (state) => ({
        ...state,
        gateways: state.gateways.map((gateway) =>
          gateway.id === 1 ? { ...gateway, mac: "02:00:00:00:00:99" } : gateway,
        ),
      })),
      ready: { "alice-paul": "not confirmed by worker3", bob: "True", default: "True" },
    },
    {
      name: "a node lacks a policy's rule",
      change: confirmedOn("worker3", (state) => ({ ...state, classes: [] })),
      ready: { "alice-paul": "not confirmed by worker3", bob: "True", default: "True" },
    },
    {
      name: "a node is only behind with its pods",
      change: confirmedOn("worker3", (state) => ({ ...state, pods: [] })),
      ready: { "alice-paul": "True", bob: "True", default: "True" },
    },
    {
      name: "a node that has nothing to do was never heard of",
      change: (input: StatusInput) => ({
        ...input,
        nodes: new Map([...input.nodes].filter(([node]) => node !== "worker2")),
      }),
      ready: { "alice-paul": "True", bob: "not confirmed by worker2", default: "not confirmed by worker2" },
    },
  ])("$name", ({ change, ready }) => {
    const input = change(inForce());
    const said = (path: string) => {
      const { status } = load(page(path, input)) as { status: { conditions: { status: string; message: string }[] } };
      const [condition] = status.conditions;
      return condition?.status === "True" ? "True" : condition?.message;
    };
    expect({
      "alice-paul": said("egressnatpolicies/alice-paul.yaml"),
      bob: said("egressnatpolicies/bob.yaml"),
      default: said("networkgatewaygroups/kube-system/default.yaml"),
    }).toEqual(ready);
  });
});

describe("the allowlist", () => {
  test("lists every address in use with its destinations, and names no commit", () => {
    expect(page("allowlist.csv", inForce())).toBe(
      "floating_ip,policies,destinations\r\n192.168.1.100,alice-paul,1.1.1.0/24 8.8.8.0/24\r\n192.168.1.101,bob,203.0.113.0/24\r\n",
    );
    expect(JSON.parse(page("allowlist.json", inForce()))).toEqual({
      cluster: "lab",
      sources: [
        { floatingIP: "192.168.1.100", policies: ["alice-paul"], destinations: ["1.1.1.0/24", "8.8.8.0/24"] },
        { floatingIP: "192.168.1.101", policies: ["bob"], destinations: ["203.0.113.0/24"] },
      ],
    });
  });

  test("a field that a spreadsheet would run is kept from running", () => {
    const input = inForce();
    const renamed = <T extends { name: string }>(things: readonly T[]) =>
      things.map((thing) => (thing.name === "bob" ? { ...thing, name: '=1,"x"' } : thing));
    const odd = {
      ...input,
      intent: { ...input.intent, policies: renamed(input.intent.policies) },
      plan: { ...input.plan, policies: renamed(input.plan.policies) },
    };
    expect(page("allowlist.csv", odd)).toContain(`192.168.1.101,"'=1,""x""",203.0.113.0/24`);
  });
});

test("equal input gives equal pages, whatever the order of the nodes' reports", () => {
  const input = inForce();
  const reversed = { ...input, nodes: new Map([...input.nodes].reverse()) };
  expect([...statusPages(reversed)]).toEqual([...statusPages(inForce())]);
});

const head = { oid: "a".repeat(40), subject: "Add alice-paul" };

const findings: readonly Finding[] = [
  {
    code: "missing-colon",
    severity: "error",
    message: "`spec` is not followed by a colon",
    fix: "Write `spec:`.",
    file: "default-gateway-group.yaml",
    line: 6,
    column: 1,
  },
  {
    code: "selector-absent",
    severity: "warning",
    message: "the selector | matches every pod",
    fix: "Say which pods you mean.",
    file: "clusters/lab/alice_paul.yaml",
    line: 12,
    column: 5,
  },
];

function page(path: string, input: StatusInput): string {
  const text = statusPages(input).get(path);
  if (text === undefined) throw new Error(`no page ${path}`);
  return text;
}

function inForce(): StatusInput {
  return {
    cluster: "lab",
    repository: "http://git.example.net/egress.git",
    applied: head,
    seen: { commit: head, outcome: { kind: "applied" } },
    intent,
    plan,
    nodes: new Map(nodes.map((node) => [node, progress(node)])),
    waiting: [],
  };
}

function confirmedOn(node: string, change: (state: NodeState) => NodeState): (input: StatusInput) => StatusInput {
  return (input) => {
    const before = progress(node);
    return {
      ...input,
      nodes: new Map(input.nodes).set(node, { ...before, confirmed: change(before.confirmed as NodeState) }),
    };
  };
}

function progress(node: string): NodeProgress {
  const state = plan.nodes.find((candidate) => candidate.node === node) as NodeState;
  return { generation: 7, hash: `hash of ${node}`, connected: true, report: report(node, state), confirmed: state };
}

function failed(node: string): NodeProgress {
  const before = progress(node);
  return {
    ...before,
    report: { ...(before.report as NodeReport), outcome: "failed", error: "nft: No such file | directory" },
  };
}

function report(node: string, { held, gateways, pods }: NodeState): NodeReport {
  const kernel = {
    held: held.map(({ ip }) => ip),
    gateways: gateways.map(({ id, mac }) => ({ id, mac })),
    pods: pods.length,
    heldPods: [],
  };
  return {
    node,
    generation: 7,
    hash: `hash of ${node}`,
    outcome: "converged",
    kernel,
    identity: null,
    lease: null,
    changes: [],
  };
}

function nodeState(index: number): NodeState {
  const ip = `192.168.1.${index}`;
  const gateways = [1, 2].map((id) => ({
    id,
    node: `worker${id}`,
    underlayIP: `192.168.1.${id}`,
    mac: `02:00:00:00:00:0${id}`,
  }));
  return {
    node: `worker${index}`,
    underlayIP: ip,
    mac: `02:00:00:00:00:0${index}`,
    overlay: { vni: 4790, port: 4790 },
    podCIDRs: ["10.10.0.0/16"],
    noEgressCIDRs: ["10.10.0.0/16"],
    nodeIPs: ["192.168.1.1", "192.168.1.2", "192.168.1.3"],
    destinations: ["8.8.8.0/24"],
    held: index < 3 ? [{ ip: `192.168.1.${99 + index}`, id: index }] : [],
    gateways,
    gatewayMode: "stateful",
    portBlock: null,
    sourceNodes: [],
    lease: null,
    classes: index === 2 ? [] : [{ key: "alice-paul", rules: [{ cidr: "8.8.8.0/24", id: 1, policy: "alice-paul" }] }],
    pods: [{ namespace: "alice", name: "frontend-1", uid: "1", ips: [`10.10.${index}.10`], class: null }],
  } as NodeState;
}

const at = { file: "a.yaml", line: 1, column: 1 };
const positioned = <T>(value: T) => ({ value, at });
const label = (key: string, value: string): LabelSelector => ({
  requirements: [{ key, operator: "In", values: [value] }],
});

const intent: Intent = {
  groups: [
    {
      namespace: "kube-system",
      name: "default",
      floatingIPs: ["192.168.1.100", "192.168.1.101", "192.168.1.102"].map(positioned),
      at,
    },
    { namespace: "kube-system", name: "gateway1", floatingIPs: [positioned("192.168.1.101")], at },
  ],
  policies: [
    {
      name: "alice-paul",
      sources: [
        { namespaceSelector: label("user", "alice"), podSelector: label("role", "frontend") },
        {
          namespaceSelector: {
            requirements: [
              { key: "user", operator: "In", values: ["paul", "pauline"] },
              { key: "test", operator: "DoesNotExist", values: [] },
            ],
          },
          podSelector: { requirements: [] },
        },
      ],
      destinations: ["8.8.8.0/24", "1.1.1.0/24"].map(positioned),
      gatewayRef: positioned({ namespace: "kube-system", name: "default" }),
      at,
    },
    {
      name: "bob",
      sources: [{ namespaceSelector: label("user", "bob"), podSelector: { requirements: [] } }],
      destinations: [positioned("203.0.113.0/24")],
      gatewayRef: positioned({ namespace: "kube-system", name: "gateway1" }),
      at,
    },
    {
      name: "carol",
      sources: [{ namespaceSelector: label("user", "carol"), podSelector: { requirements: [] } }],
      destinations: [positioned("198.51.100.0/24")],
      gatewayRef: positioned({ namespace: "kube-system", name: "absent" }),
      at,
    },
  ],
} as unknown as Intent;

function policyOutcome(name: string, ip: string, node: string, pods: number, ignored = 0): PolicyOutcome {
  const message = `traffic leaves as ${ip} from ${node}`;
  return {
    name,
    state: "active",
    ready: { type: "Ready", status: "True", reason: "Allocated", message },
    ip,
    node,
    selectedPods: pods,
    ignoredHostNetworkPods: ignored,
    shadowed: [],
  };
}

const allocated = (message: string) => ({ type: "Ready", status: "True", reason: "Allocated", message }) as const;

const plan: Plan = {
  candidates: new Map(),
  allocations: [
    { ip: "192.168.1.100", id: 1, node: "worker1" },
    { ip: "192.168.1.101", id: 2, node: "worker2" },
    { ip: "192.168.1.102", id: 3, node: null },
  ],
  policies: [
    policyOutcome("alice-paul", "192.168.1.100", "worker1", 4, 1),
    policyOutcome("bob", "192.168.1.101", "worker2", 0),
    {
      ...policyOutcome("carol", "", "", 2),
      state: "refused",
      ready: {
        type: "Ready",
        status: "False",
        reason: "GroupNotFound",
        message: "there is no group kube-system/absent",
      },
      ip: null,
      node: null,
    },
  ],
  groups: [
    {
      namespace: "kube-system",
      name: "default",
      ready: allocated("2 of 3 floating IPs are on a node"),
      floatingIPs: { "192.168.1.100": "worker1", "192.168.1.101": "worker2" },
      nodes: { worker1: "Up", worker2: "Up", worker3: "Down" },
    },
    { namespace: "kube-system", name: "gateway1", ready: allocated("192.168.1.101 is on worker2") },
  ],
  nodes: [1, 2, 3].map(nodeState),
  changes: [],
  findings: [],
  next: {
    allocations: [
      { ip: "192.168.1.100", id: 1, node: "worker1" },
      { ip: "192.168.1.101", id: 2, node: "worker2" },
      { ip: "192.168.1.102", id: 3, node: null },
    ],
    holders: [{ ip: "192.168.1.100", id: 1, nodes: ["worker1"] }],
    lastId: 3,
    rebalance: "",
    policies: { "alice-paul": { group: "kube-system/default", state: "active", ip: "192.168.1.100" } },
    takeOvers: {},
    witnesses: { version: 0, members: [] },
    agents: {},
  },
};
