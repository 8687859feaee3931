/** Intents and views with everything filled in that a case is not about. */
import type { ClusterSettings, Group, Intent, LabelSelector, Policy } from "../../policies/intent.ts";
import type { NamespaceView, NodeView, PodView, View } from "../../policies/view.ts";

const at = { file: "egress.yaml", line: 1, column: 1 };
const positioned = <T>(value: T) => ({ value, at });

export function select(labels: Readonly<Record<string, string>> = {}): LabelSelector {
  return {
    requirements: Object.entries(labels).map(([key, value]) => ({ key, operator: "In" as const, values: [value] })),
  };
}

/** "gateway1" means kube-system/gateway1. */
export function group(name: string, ...floatingIPs: string[]): Group {
  return { namespace: "kube-system", name, floatingIPs: floatingIPs.map(positioned), at };
}

export interface PolicyFields {
  readonly namespaces?: Readonly<Record<string, string>>;
  readonly pods?: Readonly<Record<string, string>>;
  readonly sources?: Policy["sources"];
  readonly to?: readonly string[];
  readonly via?: string;
  readonly onGatewayFailure?: Policy["onGatewayFailure"];
}

export function policy(name: string, fields: PolicyFields = {}): Policy {
  const { namespaces, pods, sources, to, via, onGatewayFailure = "drop" } = fields;
  return {
    name,
    sources: sources ?? [{ namespaceSelector: select(namespaces), podSelector: select(pods) }],
    destinations: (to ?? ["8.8.8.0/24"]).map(positioned),
    gatewayRef: positioned({ namespace: "kube-system", name: via ?? "default" }),
    onGatewayFailure,
    at,
  };
}

const cluster: ClusterSettings = {
  at: null,
  podCIDRs: ["10.10.0.0/16"],
  serviceCIDRs: ["10.96.0.0/12"],
  noEgressCIDRs: [],
  nodeSubnets: ["192.168.1.0/24"],
  defaultGateways: [],
  gatewayNodeSelector: select(),
  gatewayMode: null,
  rebalance: "",
  overlay: { vni: 7, port: 4790 },
  pollIntervalSeconds: 15,
  schedule: "0 * * * *",
};

export function intent(
  groups: readonly Group[],
  policies: readonly Policy[],
  settings: Partial<ClusterSettings> = {},
): Intent {
  return { groups, policies, cluster: { ...cluster, ...settings } };
}

/** worker3 has the address 192.168.1.3. */
export function worker(number: number, fields: Partial<NodeView> = {}): NodeView {
  const name = `worker${number}`;
  const defaults = { internalIPs: [`192.168.1.${number}`], labels: {} };
  return { name, ...defaults, ready: true, unschedulable: false, draining: false, ...fields };
}

export function namespace(name: string, labels: Readonly<Record<string, string>> = {}): NamespaceView {
  return { name, labels };
}

/** `name` is NAMESPACE/NAME. */
export function pod(name: string, ip: string, fields: Partial<PodView> = {}): PodView {
  const [namespaceName = "", podName = ""] = name.split("/");
  const defaults = { node: "worker1", labels: {}, hostNetwork: false, workload: null };
  return { namespace: namespaceName, name: podName, uid: `uid-${name}`, ips: [ip], ...defaults, ...fields };
}

export function view(
  nodes: readonly NodeView[],
  pods: readonly PodView[] = [],
  namespaces: readonly NamespaceView[] = [],
): View {
  return { nodes, pods, namespaces };
}
