/**
 * What the lab's cluster looks like from the outside: the List that `kubectl get nodes,namespaces,pods -A -o json` would
 * print, and the CNI result cache that a container runtime leaves on every node.
 */
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { LabPod, Topology } from "./topology.ts";

export async function writeInventory(topology: Topology, file: string): Promise<void> {
  const items = [
    ...topology.nodes.map((node) => ({
      apiVersion: "v1",
      kind: "Node",
      metadata: { name: node.name, labels: { "kubernetes.io/hostname": node.name } },
      spec: { podCIDR: node.podCIDR, podCIDRs: [node.podCIDR, ...present(node.ipv6?.podCIDR)] },
      status: {
        addresses: [
          ...[node.lanIP, ...present(node.lanIPv6)].map((address) => ({ type: "InternalIP", address })),
          { type: "Hostname", address: node.name },
        ],
        conditions: [{ type: "Ready", status: "True" }],
      },
    })),
    ...topology.namespaces.map(({ name, labels }) => ({
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels },
    })),
    ...topology.pods.map((pod) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { namespace: pod.namespace, name: pod.name, uid: pod.uid, labels: pod.labels },
      spec: { nodeName: pod.node },
      status: { phase: "Running", podIP: pod.ip, podIPs: podIPs(pod).map((ip) => ({ ip })) },
    })),
  ];
  // Renamed into place: a reader never sees half a file.
  await writeFile(`${file}.new`, JSON.stringify({ apiVersion: "v1", kind: "List", items }, null, 1));
  await rename(`${file}.new`, file);
}

/** One file per pod, in the shape libcni writes (`kind: cniCacheV1`), reduced to the fields anyone reads. */
export async function writeCniCache(topology: Topology, directoryOf: (node: string) => string): Promise<void> {
  for (const node of topology.nodes) await mkdir(directoryOf(node.name), { recursive: true });
  await Promise.all(
    topology.pods.map((pod) =>
      writeFile(join(directoryOf(pod.node), `lab-${pod.uid}-eth0`), JSON.stringify(cacheEntry(pod))),
    ),
  );
}

const present = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

const podIPs = ({ ip, ipv6 }: LabPod): string[] => [ip, ...present(ipv6)];

const cacheEntry = (pod: LabPod): object => ({
  kind: "cniCacheV1",
  containerId: pod.uid,
  ifName: "eth0",
  networkName: "lab",
  cniArgs: [
    ["K8S_POD_NAMESPACE", pod.namespace],
    ["K8S_POD_NAME", pod.name],
    ["K8S_POD_UID", pod.uid],
  ],
  result: {
    cniVersion: "1.0.0",
    interfaces: [{ name: "cni0" }, { name: "eth0", mac: pod.mac, sandbox: `/run/netns/${pod.namespace}.${pod.name}` }],
    ips: podIPs(pod).map((ip) => ({ interface: 1, address: `${ip}/${ip === pod.ip ? 24 : 64}` })),
  },
});
