/** Builders for NodeStates, with the addresses of plan.ts. */
import { type Family, familyOf } from "../../nodeagent/addresses.ts";
import type { CniAttachment } from "../../nodeagent/pods/match.ts";
import type { Gateway, HeldAddress, NodePod, NodeState, PortBlock, Signal } from "../../policies/nodestate.ts";
import { PLAN, podMac, podOf } from "./plan.ts";

export const OUTSIDE = PLAN[4].outside;

/** @param families of pods, services, nodes and destinations; the underlay is of the first */
export function nodeState(
  worker: 1 | 2,
  parts: Partial<NodeState> = {},
  families: readonly [Family, ...Family[]] = [4],
): NodeState {
  const plans = families.map((family) => PLAN[family]);
  const underlay = PLAN[families[0]];
  return {
    node: `worker${worker}`,
    underlayIP: underlay.inNodeSubnet(worker),
    mac: overlayMac(worker),
    overlay: { vni: 77, port: 4790 },
    podCIDRs: plans.map(({ podCIDR }) => podCIDR),
    noEgressCIDRs: plans.flatMap(({ podCIDR, serviceCIDR, nodeCIDR }) => [podCIDR, serviceCIDR, nodeCIDR]),
    nodeIPs: [1, 2].map(underlay.inNodeSubnet),
    destinations: plans.map(({ outside }) => outside),
    held: [],
    gateways: [],
    gatewayMode: "stateful",
    portBlock: null,
    sourceNodes: [],
    lease: null,
    classes: [],
    pods: [],
    ...parts,
  };
}

/** Source ports of the worker's pods when stateless: four groups of 256. */
export function portBlock(worker: number): PortBlock {
  return { firstPort: 20_480 + 1_024 * worker, ports: 1_024 };
}

/** @param addresses in use, whoever holds them */
export function statelessly(
  state: NodeState,
  addresses: readonly HeldAddress[],
  workers: readonly number[] = [1, 2],
): NodeState {
  const inOrder = addresses.map(({ ip, id }) => ({ ip, id, candidates: [], holder: null }));
  const underlay = PLAN[familyOf(state.underlayIP)];
  const nodes = workers.map((worker) => ({
    ...{ node: `worker${worker}`, underlayIP: underlay.inNodeSubnet(worker), mac: overlayMac(worker) },
    block: portBlock(worker),
  }));
  return {
    ...state,
    gatewayMode: "stateless",
    portBlock: nodes.find(({ node }) => node === state.node)?.block ?? null,
    sourceNodes: nodes.filter(({ node }) => node !== state.node),
    lease: {
      ...{ addresses: inOrder, nodes: [], floatingIPs: addresses.map(({ ip }) => ip), gatewayMacs: [], peers: [] },
      ...{ witnesses: { version: 1, members: [] }, targetWitnesses: null },
    },
  };
}

export function gateway(id: number, worker: 1 | 2, family: Family = 4): Gateway {
  return { id, node: `worker${worker}`, underlayIP: PLAN[family].inNodeSubnet(worker), mac: overlayMac(worker) };
}

export function podClass(key: string, ...rules: readonly (readonly [cidr: string, id: number])[]) {
  return { key, rules: rules.map(([cidr, id]) => ({ cidr, id, policy: key })) };
}

/** @param ips of one pod, at most one of each family */
export function pod(ip: string, className: string | null, ...ips: readonly string[]): NodePod {
  return { namespace: "default", name: podName(ip), uid: `uid-${podName(ip)}`, ips: [ip, ...ips], class: className };
}

export function attachment(ip: string): CniAttachment {
  return { namespace: "default", name: podName(ip), uid: `uid-${podName(ip)}`, ip, mac: podMac(ip) };
}

export function signal(state: NodeState, generation = 1): Signal {
  return { generation, hash: `hash-${generation}`, state };
}

function overlayMac(worker: number): string {
  return `02:e9:00:00:00:0${worker}`;
}

function podName(ip: string): string {
  const { worker, number } = podOf(ip);
  return `pod-${(familyOf(ip) === 4 ? ip : PLAN[4].pod(worker, number)).replaceAll(".", "-")}`;
}

/** What a CNI plugin leaves of a pod in its cache, as a file of that name. */
export function cniCacheEntry(ip: string): { readonly file: string; readonly content: string } {
  const { namespace, name, uid, mac } = attachment(ip);
  const entry = {
    kind: "cniCacheV1",
    ifName: "eth0",
    cniArgs: [
      ["K8S_POD_NAMESPACE", namespace],
      ["K8S_POD_NAME", name],
      ["K8S_POD_UID", uid],
    ],
    result: {
      interfaces: [{ mac, sandbox: "/run/netns/x" }],
      ips: [{ interface: 0, address: `${ip}/${familyOf(ip) === 4 ? 32 : 128}` }],
    },
  };
  return { file: `net-${name}-eth0`, content: JSON.stringify(entry) };
}
