/**
 * Pods, policies and flows of the forwarding benchmark, by number. Pod n is selected by policy n modulo their
 * number alone. A policy has four destinations, of which the flows use the last; each policy has a floating IP of its own.
 *
 *     pods 10.64.0.0/10 · policy p: 20.x.y.0/27 .64/27 .128/27 .192/27 · floating IPs 192.168.100.0 …
 *     node 192.168.1.1 · its peer 192.168.1.2
 */

import type { CniAttachment } from "../../../nodeagent/pods/match.ts";
import type { GatewayMode, NodeState } from "../../../policies/nodestate.ts";
import type { Flow } from "./frames.ts";

export const POD_CIDR = "10.64.0.0/10";
export const NODE_IP = "192.168.1.1";
export const PEER_IP = "192.168.1.2";
export const OVERLAY = { vni: 77, port: 4790 } as const;
export const NODE_OVERLAY_MAC = "02:e9:00:00:00:01";
export const PEER_OVERLAY_MAC = "02:e9:00:00:00:02";
/** In no policy's destinations. */
const ELSEWHERE = "198.51.100.10";
const FLOWS = 1_024;
/** More than any cluster has: past it, pods share. */
const POLICIES_MAX = 1_000;

/** A source node, all of whose gateways are the peer; or a gateway node, which holds all addresses. */
export type Role = "source" | "gateway";

export interface World {
  readonly pods: number;
  readonly policies: number;
}

export function worldOf(pods: number): World {
  return { pods, policies: Math.min(pods, POLICIES_MAX) };
}

export const podIP = (pod: number): string => `10.${64 + (pod >> 16)}.${(pod >> 8) & 0xff}.${pod & 0xff}`;
export const podMac = (pod: number): string =>
  `02:aa:00:${[16, 8, 0].map((bits) => hex((pod >> bits) & 0xff)).join(":")}`;
const floatingIP = (policy: number): string => `192.168.${100 + (policy >> 8)}.${policy & 0xff}`;
export const policyOf = (pod: number, { policies }: World): number => pod % policies;
export const egressId = (policy: number): number => policy + 1;
export const prefixesOf = (policy: number): readonly string[] =>
  [0, 64, 128, 192].map((last) => `20.${policy >> 8}.${policy & 0xff}.${last}/27`);

/** @param to a policy's destination, or one that no policy names */
export function flowsOf(world: World, to: "policy" | "elsewhere", firstPort = 20_000): readonly Flow[] {
  return Array.from({ length: FLOWS }, (_, flow) => {
    const pod = Math.floor((flow * world.pods) / FLOWS) % world.pods;
    const policy = policyOf(pod, world);
    return {
      sourceIP: podIP(pod),
      sourceMac: podMac(pod),
      sourcePort: firstPort + flow,
      destinationIP: to === "policy" ? `20.${policy >> 8}.${policy & 0xff}.197` : ELSEWHERE,
      destinationPort: 9,
    };
  });
}

/** Of the policy whose destination it goes to. */
export function egressIdFor({ destinationIP }: Flow): number {
  const [, high = 0, low = 0] = destinationIP.split(".").map(Number);
  return egressId(high * 256 + low);
}

export function stateOf(role: Role, world: World, gatewayMode: GatewayMode): NodeState {
  const policies = Array.from({ length: world.policies }, (_, policy) => policy);
  const holder =
    role === "gateway"
      ? { node: "worker1", underlayIP: NODE_IP, mac: NODE_OVERLAY_MAC }
      : { node: "worker2", underlayIP: PEER_IP, mac: PEER_OVERLAY_MAC };
  const block = (slot: number) => ({ firstPort: 1_024 * slot, ports: 1_024 });
  const peer = { node: "worker2", underlayIP: PEER_IP, mac: PEER_OVERLAY_MAC, block: block(20) };
  return {
    node: "worker1",
    underlayIP: NODE_IP,
    mac: NODE_OVERLAY_MAC,
    overlay: OVERLAY,
    podCIDRs: [POD_CIDR],
    noEgressCIDRs: [POD_CIDR, "10.32.0.0/16", "192.168.0.0/16"],
    nodeIPs: [NODE_IP, PEER_IP],
    destinations: policies.flatMap(prefixesOf),
    held: role === "gateway" ? policies.map((policy) => ({ ip: floatingIP(policy), id: egressId(policy) })) : [],
    gateways: policies.map((policy) => ({ id: egressId(policy), ...holder })),
    gatewayMode,
    portBlock: gatewayMode === "stateless" ? block(21) : null,
    sourceNodes: gatewayMode === "stateless" && role === "gateway" ? [peer] : [],
    lease: null,
    classes: policies.map((policy) => ({
      key: `policy-${policy}`,
      rules: prefixesOf(policy).map((cidr) => ({ cidr, id: egressId(policy), policy: `policy-${policy}` })),
    })),
    pods: Array.from({ length: world.pods }, (_, pod) => ({
      ...identityOf(pod),
      ips: [podIP(pod)],
      class: `policy-${policyOf(pod, world)}`,
    })),
  };
}

export function floatingIPsOf({ policies }: World): readonly string[] {
  return Array.from({ length: policies }, (_, policy) => floatingIP(policy));
}

export function attachmentsOf({ pods }: World): readonly CniAttachment[] {
  return Array.from({ length: pods }, (_, pod) => ({ ...identityOf(pod), ip: podIP(pod), mac: podMac(pod) }));
}

function identityOf(pod: number) {
  return { namespace: "default", name: `pod-${pod}`, uid: `uid-${pod}` };
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
