import fc from "fast-check";
import { expect, test } from "vitest";
import { type Explanation, explain } from "../../policies/explain/explain.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import type { PodView } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";
import { probesOf, sourceOf, worlds } from "./worlds.ts";

// node worker1 192.168.1.1 · floating IPs 192.168.1.100–102 · pod web/a 10.10.1.5, role frontend, in a namespace of alice
const given = intent(
  [
    group("default", "192.168.1.100", "192.168.1.101", "10.1.1.1"),
    group("g1", "192.168.1.101"),
    group("g2", "10.1.1.1"),
  ],
  [
    policy("alice", { namespaces: { user: "alice" }, pods: { role: "frontend" }, to: ["8.8.0.0/16", "9.0.0.0/8"] }),
    policy("dns", { to: ["8.8.8.0/24"], via: "g1" }),
    policy("paul", { namespaces: { user: "paul" }, to: ["8.8.8.8/32"] }),
    policy("wrong", { to: ["8.8.8.8/32"], via: "g2" }),
  ],
);
const labels = { role: "frontend" };
const pods = [
  pod("web/a", "10.10.1.5", { labels, workload: { kind: "Deployment", name: "web" } }),
  pod("web/host", "192.168.1.1", { labels, hostNetwork: true }),
  pod("web/starting", "", { labels, ips: [] }),
  pod("web/stray", "10.10.9.9", { labels, node: "stray" }),
  pod("web/dual", "10.10.1.6", { labels, ips: ["10.10.1.6", "fd00::6"] }),
];
const stray = worker(9, { name: "stray", internalIPs: ["172.16.0.9"] });
const seen = (ready = true) => view([worker(1, { ready }), stray], pods, [namespace("web", { user: "alice" })]);
const ask = (name: string, destination: string, ready = true) =>
  explain(given, seen(ready), plan(given, seen(ready), nothingBefore), {
    pod: { namespace: "web", name },
    destination,
  });

test.each([
  ["a", "8.8.8.8", "egress", "policy dns decides: it leaves as 192.168.1.101 from worker1"],
  ["a", "8.8.9.9", "egress", "policy alice decides: it leaves as 192.168.1.100 from worker1"],
  ["a", "1.1.1.1", "node", "no policy in effect selects the pod and names the destination"],
  ["a", "10.10.7.7", "node", "10.10.7.7 lies in 10.10.0.0/16, which is inside the cluster"],
  ["a", "192.168.1.100", "node", "192.168.1.100 lies in 192.168.1.100/31, which is inside the cluster"],
  ["a", "169.254.20.10", "node", "169.254.20.10 is link-local, which is never routed"],
  ["a", "239.1.2.3", "node", "239.1.2.3 is multicast, which is never routed"],
  ["stray", "8.8.8.8", "node", "stray has no InternalIP in nodeSubnets, so no policy reaches its pods"],
  ["a", "2001:db8::1", "none", "the pod has no IPv6 address"],
  ["starting", "8.8.8.8", "none", "the pod has no address yet, and its node holds what it sends until it has"],
  ["host", "8.8.8.8", "node", "the pod uses its node's network, and host-network pods cannot be selected"],
])("web/%s to %s: %s, %s", (name, destination, verdict, summary) => {
  const answer = ask(name, destination);
  expect(answer).toMatchObject({ verdict, summary });
  const deciders = (answer as Explanation).policies.filter(({ decides }) => decides);
  expect(deciders.length).toBe(verdict === "egress" ? 1 : 0);
});

test("while no node is fit the decision stands and the traffic is held", () => {
  expect(ask("a", "8.8.8.8", false)).toMatchObject({
    verdict: "held",
    policy: "dns",
    sourceIP: null,
    summary: "policy dns decides, but its traffic is held: no node is fit to hold 192.168.1.101: worker1 is not Ready",
  });
});

test("every policy says why it decides or does not", () => {
  const { policies } = ask("a", "8.8.8.8") as Explanation;
  expect(policies.map(({ name, reason }) => `${name} ${reason}`)).toEqual([
    "alice names 8.8.0.0/16, but policy dns names the longer 8.8.8.0/24",
    "dns decides by 8.8.8.0/24",
    'paul does not select the pod: its namespace is not "user=paul"',
    "wrong is refused: 10.1.1.1 is in no subnet of the nodes (192.168.1.0/24)",
  ]);
  expect(policies[0]?.at).toEqual({ file: "egress.yaml", line: 1, column: 1 });
});

test("the decision is followed from the pod to the node that holds the address", () => {
  expect((ask("a", "8.8.8.8") as Explanation).steps.map(({ what, at }) => [what, at?.file ?? null])).toEqual([
    ["pod web/a of Deployment web (10.10.1.5) runs on worker1, in class alice,dns", null],
    ["policy dns selects it by its source 1", "egress.yaml"],
    ["the policy names 8.8.8.0/24", "egress.yaml"],
    ["its gatewayRef is kube-system/g1", "egress.yaml"],
    ["the group's first floating IP is 192.168.1.101", "egress.yaml"],
    ["192.168.1.101 is allocated to worker1", null],
  ]);
});

test("where no policy is asked, those that would apply say so", () => {
  const { policies } = ask("host", "8.8.8.8") as Explanation;
  expect(policies.map(({ name, decides, reason }) => [name, decides, reason]).slice(0, 2)).toEqual([
    ["alice", false, "selects the pod and names 8.8.0.0/16"],
    ["dns", false, "selects the pod and names 8.8.8.0/24"],
  ]);
});

test("a question that makes no sense is answered in words", () => {
  expect(ask("nobody", "8.8.8.8")).toBe("there is no pod web/nobody");
  expect(ask("a", "8.8.8.8/32")).toBe("8.8.8.8/32 is not an IP address");
});

test("what it says is what becomes of the traffic, for any pod and address", () => {
  fc.assert(
    fc.property(worlds, (world) => {
      const { intent: declared, plan: planned, view: cluster } = world.after;
      const oracle = sourceOf(world.after);
      for (const { namespace: inNamespace, name, node } of cluster.pods) {
        for (const destination of probesOf(world)) {
          const question = { pod: { namespace: inNamespace, name }, destination };
          const { verdict, sourceIP, policy: decider } = explain(declared, cluster, planned, question) as Explanation;
          const nodeIP = planned.nodes.find((state) => state.node === node)?.underlayIP;
          const source = verdict === "node" || verdict === "nodeIP" ? nodeIP : sourceIP;
          const one = cluster.pods.find((candidate) => candidate.name === name) as PodView;
          expect({ source, policy: decider }).toEqual(oracle(one, destination));
        }
      }
    }),
    { numRuns: 200 },
  );
});
