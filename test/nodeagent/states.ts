/**
 * Builders for NodeStates. nodes 192.168.1.0/24 · pods 10.10.0.0/16 · floating IPs 192.168.1.100 (id 1), .101 (id 2) ·
 * outside 198.51.100.0/24
 */
import type { CniAttachment } from "../../nodeagent/pods/match.ts";
import type { Gateway, NodePod, NodeState, Signal } from "../../policies/nodestate.ts";

export const OUTSIDE = "198.51.100.0/24";

export function nodeState(worker: 1 | 2, parts: Partial<NodeState> = {}): NodeState {
  return {
    node: `worker${worker}`,
    underlayIP: `192.168.1.${worker}`,
    mac: overlayMac(worker),
    overlay: { vni: 77, port: 4790 },
    podCIDRs: ["10.10.0.0/16"],
    noEgressCIDRs: ["10.10.0.0/16", "10.96.0.0/12", "192.168.1.0/24"],
    nodeIPs: ["192.168.1.1", "192.168.1.2"],
    destinations: [OUTSIDE],
    held: [],
    gateways: [],
    classes: [],
    pods: [],
    ...parts,
  };
}

export function gateway(id: number, worker: 1 | 2): Gateway {
  return { id, node: `worker${worker}`, underlayIP: `192.168.1.${worker}`, mac: overlayMac(worker) };
}

export function podClass(key: string, ...rules: readonly (readonly [cidr: string, id: number])[]) {
  return { key, rules: rules.map(([cidr, id]) => ({ cidr, id })) };
}

export function pod(ip: string, className: string | null): NodePod {
  return { namespace: "default", name: podName(ip), uid: `uid-${podName(ip)}`, ips: [ip], class: className };
}

export function attachment(ip: string): CniAttachment {
  return { namespace: "default", name: podName(ip), uid: `uid-${podName(ip)}`, ip, mac: podMac(ip) };
}

export function podMac(ip: string): string {
  return ["02", "aa", ...ip.split(".").map((part) => Number(part).toString(16).padStart(2, "0"))].join(":");
}

export function signal(state: NodeState, generation = 1): Signal {
  return { generation, hash: `hash-${generation}`, state };
}

function overlayMac(worker: number): string {
  return `02:e9:00:00:00:0${worker}`;
}

function podName(ip: string): string {
  return `pod-${ip.replaceAll(".", "-")}`;
}
