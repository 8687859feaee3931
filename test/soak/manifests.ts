/** What the soak declares in Git, and which source address follows from it for each class of pods. Pure. */
import type { GatewayMode } from "../../policies/nodestate.ts";
import { NODE_SUBNET, POD_CIDR } from "../lab/topology.ts";

/** Of pods, by their label `class`: those of the last one are selected by no policy. */
export const CLASSES = ["red", "green", "blue", "unselected"] as const;
export type PodClass = (typeof CLASSES)[number];
type SelectedClass = Exclude<PodClass, "unselected">;

export const FLOATING_IPS = [100, 101, 102, 103, 104].map((last) => `192.168.1.${last}`);
/** Pods of this class are probes: it keeps its address. */
export const PROBED: PodClass = "red";
export const PROBED_IP = FLOATING_IPS[0] as string;

/** A floating IP, or the address of the pod's node. */
export type Source = string | "node";

export interface Declaration {
  /** Absent: no policy selects the class. */
  readonly addresses: Readonly<Partial<Record<SelectedClass, string>>>;
  /** A policy that concerns nobody else here. */
  readonly bystander: boolean;
  /** The destinations in halves, among others. */
  readonly split: boolean;
}

export const FIRST_DECLARATION: Declaration = {
  addresses: { red: PROBED_IP, green: FLOATING_IPS[1] as string, blue: FLOATING_IPS[2] as string },
  bystander: false,
  split: false,
};

export function sourceOf({ addresses }: Declaration, podClass: PodClass): Source {
  return podClass === "unselected" ? "node" : (addresses[podClass] ?? "node");
}

/** By file name. */
export function manifestsOf(declaration: Declaration, mode: GatewayMode): ReadonlyMap<string, string> {
  const policies = Object.entries(declaration.addresses).map(([name, ip]) =>
    policy(name, ip, { class: name }, destinationsOf(declaration)),
  );
  if (declaration.bystander)
    policies.push(policy("bystander", FLOATING_IPS[4] as string, { role: "batch" }, ["203.0.113.0/24"]));
  return new Map([
    ["cluster.yaml", document(cluster(mode))],
    ["default-gateway-group.yaml", document(group("kube-system", "default", FLOATING_IPS))],
    ["policies.yaml", policies.flat().map(document).join("---\n")],
  ]);
}

function destinationsOf({ split }: Declaration): readonly string[] {
  return split ? ["198.51.100.0/25", "198.51.100.128/25", "192.0.2.0/24"] : ["198.51.100.0/24"];
}

function cluster(mode: GatewayMode): object {
  const gateway = mode === "stateful" ? {} : { gateway: { mode } };
  return {
    kind: "EgressCluster",
    apiVersion: "sallyport.dev/v1alpha1",
    metadata: { name: "lab" },
    spec: { nodeSubnets: [NODE_SUBNET], podCIDRs: [POD_CIDR], serviceCIDRs: ["10.96.0.0/16"], ...gateway },
  };
}

function policy(
  name: string,
  ip: string,
  labels: Readonly<Record<string, string>>,
  destinations: readonly string[],
): readonly object[] {
  return [
    group("egress", name, [ip]),
    {
      kind: "EgressNATPolicy",
      apiVersion: "networking.gke.io/v1",
      metadata: { name },
      spec: {
        sources: [{ namespaceSelector: {}, podSelector: { matchLabels: labels } }],
        action: "SNAT",
        destinations: destinations.map((cidr) => ({ cidr })),
        gatewayRef: { name, namespace: "egress" },
      },
    },
  ];
}

function group(namespace: string, name: string, floatingIPs: readonly string[]): object {
  return {
    kind: "NetworkGatewayGroup",
    apiVersion: "networking.gke.io/v1",
    metadata: { namespace, name },
    spec: { floatingIPs },
  };
}

/** JSON is YAML. */
function document(object: object): string {
  return `${JSON.stringify(object, null, 2)}\n`;
}
