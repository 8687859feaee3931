/**
 * Changes as a reviewer meets them, each with what the cluster looks like. The cluster has nodes worker1 to worker3 at
 * 192.168.1.1–3, and namespaces alice and paul with a Deployment frontend each, and paul a StatefulSet db.
 */
import type { ManifestFile } from "../../policies/manifests/file.ts";
import { readManifests } from "../../policies/manifests/read.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import type { NodeView, PodView, View } from "../../policies/view.ts";
import { namespace, pod, view, worker } from "../policies/builders.ts";

export interface Scenario {
  readonly name: string;
  readonly base: string;
  readonly head: string;
  readonly before?: View;
  readonly after?: View;
  readonly drain?: readonly string[];
}

const inCluster = (name: string, node: number, ip: string, role: string, kind: string): PodView => {
  const workload = { kind, name: role };
  return pod(name, ip, { node: `worker${node}`, labels: { role }, workload });
};

function cluster(
  nodes: readonly Partial<NodeView>[] = [{}, {}, {}],
  labels: { paul: string } = { paul: "paul" },
): View {
  return view(
    nodes.map((fields, i) => worker(i + 1, fields)),
    [
      inCluster("alice/frontend-5d8f-a", 1, "10.10.1.10", "frontend", "Deployment"),
      inCluster("alice/frontend-5d8f-b", 2, "10.10.2.10", "frontend", "Deployment"),
      inCluster("alice/frontend-5d8f-c", 3, "10.10.3.10", "frontend", "Deployment"),
      inCluster("paul/frontend-77c9-a", 1, "10.10.1.20", "frontend", "Deployment"),
      inCluster("paul/frontend-77c9-b", 2, "10.10.2.20", "frontend", "Deployment"),
      inCluster("paul/db-0", 2, "10.10.2.21", "db", "StatefulSet"),
      pod("paul/debug", "10.10.3.22", { node: "worker3", labels: { role: "frontend" } }),
    ],
    [namespace("alice", { user: "alice" }), namespace("paul", { user: labels.paul })],
  );
}

const settings = `
kind: EgressCluster
apiVersion: sallyport.dev/v1alpha1
metadata: {name: prod}
spec:
  nodeSubnets: [192.168.1.0/24]
  podCIDRs: [10.10.0.0/16]
  serviceCIDRs: [10.96.0.0/16]
  gateway: {mode: stateful}
`;
const group = (name: string, ...ips: string[]) => `
kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata: {namespace: kube-system, name: ${name}}
spec: {floatingIPs: [${ips.join(", ")}]}
`;
const policy = (name: string, user: string, to: string, via: string) => `
kind: EgressNATPolicy
apiVersion: networking.gke.io/v1
metadata: {name: ${name}}
spec:
  sources:
  - namespaceSelector: {matchLabels: {user: ${user}}}
    podSelector: {matchLabels: {role: frontend}}
  action: SNAT
  destinations: [{cidr: ${to}}]
  gatewayRef: {namespace: kube-system, name: ${via}}
`;
const tree = (...documents: string[]) => documents.join("---");

const groups = tree(
  group("default", "192.168.1.100", "192.168.1.101", "192.168.1.102"),
  group("for-alice", "192.168.1.100"),
  group("for-paul", "192.168.1.101"),
);
const common = tree(settings, groups);
const alice = policy("alice", "alice", "203.0.113.0/24", "for-alice");
const paul = policy("paul", "paul", "203.0.113.0/24", "for-paul");
const both = tree(common, alice, paul);
const lax = paul.replace("{name: paul}", "{name: paul, annotations: {sallyport.dev/on-gateway-failure: nodeIP}}");

export const scenarios: readonly Scenario[] = [
  { name: "first-commit", base: "", head: both },
  { name: "no-effect", base: both, head: both },
  { name: "new-policy", base: tree(common, alice), head: both },
  { name: "removed-policy", base: both, head: tree(common, alice) },
  { name: "node-drained", base: both, head: both, drain: ["worker1"] },
  { name: "node-lost", base: both, head: both, after: cluster([{ ready: false }, {}, {}]) },
  {
    name: "every-node-lost",
    base: both,
    head: both,
    after: cluster([{ ready: false }, { ready: false }, { ready: false }]),
  },
  {
    name: "group-without-address",
    base: both,
    head: both.replace("{floatingIPs: [192.168.1.101]}", "{floatingIPs: []}"),
  },
  {
    name: "address-of-no-subnet",
    base: both,
    head: both.replaceAll("192.168.1.101", "192.168.7.101"),
  },
  {
    name: "shadowed-policy",
    base: tree(common, policy("wide", "paul", "203.0.0.0/16", "for-alice")),
    head: tree(common, policy("wide", "paul", "203.0.0.0/16", "for-alice"), paul),
  },
  {
    name: "refused-newcomer",
    base: tree(common, paul),
    head: tree(common, paul, policy("carol", "alice", "203.0.113.0/24", "for-paul")),
  },
  { name: "destination-narrowed", base: both, head: tree(common, alice, paul.replace("113.0/24", "113.128/25")) },
  { name: "selector-changed", base: both, head: tree(common, alice, paul.replace("role: frontend", "role: db")) },
  { name: "namespace-relabelled", base: both, head: both, after: cluster([{}, {}, {}], { paul: "nobody" }) },
  {
    name: "address-changed",
    base: both,
    head: both.replace(
      "for-paul}\nspec: {floatingIPs: [192.168.1.101]",
      "for-paul}\nspec: {floatingIPs: [192.168.1.102]",
    ),
  },
  { name: "floating-ip-added", base: both, head: both.replace("192.168.1.102]", "192.168.1.102, 192.168.1.103]") },
  { name: "gateway-mode-changed", base: both, head: both.replace("stateful", "stateless") },
  { name: "failure-mode-changed", base: both, head: tree(common, alice, lax) },
  {
    name: "every-node-lost-with-node-ip",
    base: tree(common, alice, lax),
    head: tree(common, alice, lax),
    after: cluster([{ ready: false }, { ready: false }, { ready: false }]),
  },
  { name: "rejected", base: both, head: tree(common, alice, paul.replace("action: SNAT", "action: DNAT")) },
  { name: "emptied", base: both, head: "" },
];

export function readScenario({ base, head, before = cluster(), after = before, drain = [] }: Scenario) {
  const reading = (text: string) => readManifests(text === "" ? [] : [file(text)]);
  const drained = { ...after, nodes: after.nodes.map((node) => ({ ...node, draining: drain.includes(node.name) })) };
  const inForce = reading(base);
  const previous = inForce.intent === undefined ? nothingBefore : plan(inForce.intent, before, nothingBefore).next;
  return { base: inForce, head: reading(head), views: { before, after: drained }, previous };
}

function file(text: string): ManifestFile {
  return { path: "clusters/prod/egress.yaml", blobId: text, bytes: Buffer.from(text) };
}
