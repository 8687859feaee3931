/**
 * The lab on paper: which hosts, addresses and pods exist. Pure, so that the command line, the supervisor and the tests
 * agree without talking.
 *
 *     outside 198.51.100.10 ── router 192.168.1.254 ─┬─ switch ─┬─ worker1 192.168.1.1 ── pods 10.10.1.0/24
 *                                                    │          ├─ worker2 192.168.1.2 ── pods 10.10.2.0/24
 *                        forge 192.168.1.253 (Git) ──┤          └─ worker3 192.168.1.3 ── pods 10.10.3.0/24
 *                  control 192.168.1.252 (reconciler)┘            floating IPs 192.168.1.100 … 104
 *
 * With IPv6, everything has a second address: nodes fd00:1::1 …, pods fd00:10:1::/64 …, outside 2001:db8:100::10, and
 * floating IPs are also fd00:1::100 ….
 *
 * The outside host owns a leg in the nodes' subnet, so that it can also witness which MAC answers for a floating IP.
 */

interface LabHost {
  /** Also the name of its network namespace. */
  readonly name: string;
  /** In the nodes' subnet, on eth0. */
  readonly lanIP: string;
  /** The same of IPv6; absent in a lab without. */
  readonly lanIPv6?: string;
}

export interface LabNode extends LabHost {
  readonly podCIDR: string;
  readonly podGateway: string;
  readonly ipv6?: { readonly podCIDR: string; readonly podGateway: string };
}

export interface LabPod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ip: string;
  readonly ipv6?: string;
  readonly mac: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface Topology {
  readonly nodes: readonly LabNode[];
  readonly namespaces: readonly { readonly name: string; readonly labels: Readonly<Record<string, string>> }[];
  readonly pods: readonly LabPod[];
  readonly outside: LabHost & { readonly ip: string; readonly ipv6?: string };
  readonly forge: LabHost & { readonly url: string };
  readonly control: LabHost & { readonly port: number };
}

export const CLUSTER_NAME = "lab";
export const NODE_SUBNET = "192.168.1.0/24";
export const POD_CIDR = "10.10.0.0/16";
export const POD_CIDR_IPV6 = "fd00:10::/32";
export const MAX_NODES = 20;

/** namespace, pod, role: the seed's policy selects `role: frontend` in the namespaces of alice and paul. */
const PODS = [
  ["alice", "frontend-1", "frontend"],
  ["alice", "frontend-2", "frontend"],
  ["paul", "frontend-1", "frontend"],
  ["alice", "batch", "batch"],
  ["carol", "frontend-1", "frontend"],
  ["paul", "batch", "batch"],
] as const;

/** @param dualStack every host and pod also has an IPv6 address */
export function labTopology(nodeCount: number, dualStack = false): Topology {
  const lan = (number: number) => ({
    lanIP: `192.168.1.${number}`,
    ...(dualStack ? { lanIPv6: `fd00:1::${number}` } : {}),
  });
  const nodes = Array.from({ length: nodeCount }, (_, i): LabNode => {
    const n = i + 1;
    return {
      name: `worker${n}`,
      ...lan(n),
      podCIDR: `10.10.${n}.0/24`,
      podGateway: `10.10.${n}.1`,
      ...(dualStack ? { ipv6: { podCIDR: `fd00:10:${n}::/64`, podGateway: `fd00:10:${n}::1` } } : {}),
    };
  });
  const podsOnNode = new Map<number, number>();
  const pods = PODS.map(([namespace, name, role], i): LabPod => {
    const nodeNumber = (i % nodeCount) + 1;
    const onNode = podsOnNode.get(nodeNumber) ?? 0;
    podsOnNode.set(nodeNumber, onNode + 1);
    return {
      namespace,
      name,
      uid: `00000000-0000-4000-8000-${String(i + 1).padStart(12, "0")}`,
      node: `worker${nodeNumber}`,
      ip: `10.10.${nodeNumber}.${onNode + 2}`,
      ...(dualStack ? { ipv6: `fd00:10:${nodeNumber}::${onNode + 2}` } : {}),
      mac: `02:00:0a:0a:${hex(nodeNumber)}:${hex(onNode + 2)}`,
      labels: { role },
    };
  });
  return {
    nodes,
    namespaces: [
      ...["alice", "paul", "carol"].map((name) => ({
        name,
        labels: { user: name, "kubernetes.io/metadata.name": name },
      })),
      { name: "kube-system", labels: { "kubernetes.io/metadata.name": "kube-system" } },
    ],
    pods,
    outside: { name: "outside", ...lan(254), ip: "198.51.100.10", ...(dualStack ? { ipv6: "2001:db8:100::10" } : {}) },
    forge: { name: "forge", ...lan(253), url: "http://192.168.1.253/manifests.git" },
    control: { name: "control", ...lan(252), port: 7443 },
  };
}

/** Name of the network namespace of a pod. */
export const podNetns = (pod: { namespace: string; name: string }): string => `${pod.namespace}.${pod.name}`;

/**
 * The network namespace meant by `NODE`, `NAMESPACE/POD`, `outside`, `forge` or `control`; undefined when there is none.
 */
export function resolveHost(topology: Topology, text: string): string | undefined {
  const [namespace, name] = text.split("/");
  const pod = topology.pods.find((p) => p.namespace === namespace && p.name === name);
  if (pod) return podNetns(pod);
  return [...topology.nodes, topology.outside, topology.forge, topology.control].find((h) => h.name === text)?.name;
}

/** Every name `resolveHost` understands, for messages. */
export const hostNames = (topology: Topology): string[] => [
  ...topology.nodes.map((n) => n.name),
  ...topology.pods.map((p) => `${p.namespace}/${p.name}`),
  topology.outside.name,
  topology.forge.name,
  topology.control.name,
];

const hex = (n: number): string => n.toString(16).padStart(2, "0");
