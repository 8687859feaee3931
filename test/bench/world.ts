/** A cluster of any size in which every policy selects some pods and pods of one namespace share labels as they do in life. */
import { formatAddress } from "../../policies/addresses.ts";
import type { Intent } from "../../policies/intent.ts";
import type { PodChanges } from "../../policies/podchanges.ts";
import type { PodView, View } from "../../policies/view.ts";
import { group, intent, namespace, policy, view } from "../policies/builders.ts";

export interface Size {
  readonly nodes: number;
  readonly pods: number;
  readonly policies: number;
  readonly floatingIPs: number;
}

const nth = (base: string, n: number): string => {
  const first = base.split(".").reduce((value, part) => value * 256 + Number(part), 0);
  return formatAddress({ family: 4, value: BigInt(first + n) });
};

const teams = 1_000;

/** nodes 10.0.0.0/16 · floating IPs from 10.0.128.0 · pods 10.128.0.0/9 · destinations 20.0.0.0/8 */
export function makeWorld(size: Size): { intent: Intent; view: View } {
  const ips = Array.from({ length: size.floatingIPs }, (_, i) => nth("10.0.128.0", i));
  const groups = Array.from({ length: size.policies }, (_, i) => group(`g${i}`, ips[i % ips.length] as string));
  const policies = Array.from({ length: size.policies }, (_, i) =>
    policy(`policy-${i}`, {
      via: `g${i}`,
      namespaces: { team: `team-${i % teams}` },
      pods: { app: `app-${Math.floor(i / teams)}` },
      to: [`20.${i % 256}.${Math.floor(i / 256) % 256}.0/24`, `20.${i % 256}.0.0/16`],
    }),
  );
  const nodes = Array.from({ length: size.nodes }, (_, i) => ({
    name: `node-${i}`,
    internalIPs: [nth("10.0.0.1", i)],
    labels: {},
    ready: true,
    unschedulable: false,
    draining: false,
  }));
  const pods = Array.from({ length: size.pods }, (_, i) => ({
    namespace: `ns-${i % teams}`,
    name: `pod-${i}`,
    uid: `00000000-0000-0000-0000-${i}`,
    node: `node-${(i * 7) % size.nodes}`,
    ips: [nth("10.128.0.1", i)],
    labels: { app: `app-${Math.floor(i / teams) % 20}`, "pod-template-hash": `h${i % 997}`, pod: `pod-${i}` },
    hostNetwork: false,
    workload: { kind: "Deployment", name: `app-${Math.floor(i / teams) % 20}` },
  }));
  const namespaces = Array.from({ length: teams }, (_, i) => namespace(`ns-${i}`, { team: `team-${i}` }));
  const settings = { nodeSubnets: ["10.0.0.0/16"], podCIDRs: ["10.128.0.0/9"], serviceCIDRs: ["172.20.0.0/16"] };
  return {
    intent: intent([group("default", ...ips), ...groups], policies, settings),
    view: view(nodes, pods, namespaces),
  };
}

/** What happens to pods in life, one at a time and all over the cluster: moved, labelled anew, deleted, created. */
export function podEvents({ nodes, pods }: View, count: number): PodChanges[] {
  const now = pods.slice();
  return Array.from({ length: count }, (_, i) => {
    const kind = i % 4;
    const at = ((kind === 3 ? i - 1 : i) * 7_919) % now.length;
    const before = now[at] as PodView;
    if (kind === 2) return { removed: [before], added: [] };
    const node = nodes[(i * 31) % nodes.length]?.name ?? before.node;
    const after = kind === 1 ? { ...before, labels: { ...before.labels, app: `app-${i % 10}` } } : { ...before, node };
    now[at] = after;
    return { removed: kind === 3 ? [] : [before], added: [after] };
  });
}
