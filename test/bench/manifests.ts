/** A tree of manifests as teams keep them: one object in a file, a group for each policy. */
export interface ManifestText {
  readonly path: string;
  readonly text: string;
}

/** An EgressCluster, kube-system/default, and the rest in pairs of a group and its policy, without any finding. */
export function makeManifests(count: number): ManifestText[] {
  const pairs = Array.from({ length: Math.floor((count - 2) / 2) }, (_, i) => i);
  const ips = pairs.map((i) => `10.0.${128 + Math.floor(i / 250)}.${(i % 250) + 1}`);
  return [
    { path: "cluster.yaml", text: CLUSTER },
    { path: "default.yaml", text: groupText("default", ips) },
    ...pairs.map((i) => ({ path: `group-${i}.yaml`, text: groupText(`team-${i}`, [ips[i] as string]) })),
    ...pairs.map((i) => ({ path: `policy-${i}.yaml`, text: policyText(i) })),
  ];
}

const CLUSTER = `kind: EgressCluster
apiVersion: sallyport.dev/v1alpha1
metadata:
  name: prod
spec:
  nodeSubnets: [10.0.0.0/16]
  podCIDRs: [10.128.0.0/9]
  serviceCIDRs: [172.20.0.0/16]
`;

function groupText(name: string, ips: readonly string[]): string {
  return `kind: NetworkGatewayGroup
apiVersion: networking.gke.io/v1
metadata:
  namespace: kube-system
  name: ${name}
spec:
  floatingIPs:
${ips.map((ip) => `  - ${ip}\n`).join("")}`;
}

function policyText(i: number): string {
  return `# Egress of team ${i}: its partners know it by one address.
kind: EgressNATPolicy
apiVersion: networking.gke.io/v1
metadata:
  name: team-${i}
  labels:
    team: team-${i}
spec:
  sources:
  - namespaceSelector:
      matchLabels:
        team: team-${i}
    podSelector:
      matchLabels:
        role: frontend
  - namespaceSelector:
      matchLabels:
        team: team-${i}
    podSelector:
      matchExpressions:
      - key: role
        operator: In
        values: [worker, batch]
  action: SNAT
  destinations:
  - cidr: 20.${i % 256}.${Math.floor(i / 256)}.0/24
  - cidr: 30.${i % 256}.0.0/16
  gatewayRef:
    name: team-${i}
    namespace: kube-system
`;
}
