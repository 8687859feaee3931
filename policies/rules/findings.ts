/** Findings that need the cluster, or need to know who was there first; those of the text alone come with the intent. */
import type { Finding, ObjectRef, Position } from "../findings.ts";
import type { ClusterSettings, Group, Intent, Policy } from "../intent.ts";
import type { Code } from "../manifests/codes.ts";
import type { PolicyOutcome } from "../model.ts";
import type { Whereabouts } from "../outcomes.ts";
import { listSubnets, type Sites } from "../sites.ts";
import { listNames } from "../text.ts";
import type { Admission } from "./admission.ts";
import { isDefaultGroup } from "./floatingips.ts";

export function clusterFindings(
  intent: Intent,
  sites: Sites,
  whereabouts: Whereabouts,
  admissions: ReadonlyMap<string, Admission>,
): Finding[] {
  const defaultGroup = intent.groups.find(isDefaultGroup);
  return [
    ...(defaultGroup === undefined ? [] : addressFindings(defaultGroup, whereabouts)),
    ...(defaultGroup === undefined ? [] : subnetFindings(defaultGroup, intent.cluster, sites, whereabouts)),
    ...[...admissions.values()].flatMap(newcomerFinding),
  ];
}

/** By the reason of the condition; a NotReady node is no mistake in a manifest and so no finding. */
const addressCodes: Readonly<Record<string, { code: Code; fix: string }>> = {
  FloatingIPIsNodeAddress: {
    code: "floating-ip-is-node-address",
    fix: "choose an address of the same subnet that no node uses",
  },
  NoNodeInSubnet: {
    code: "floating-ip-subnet-without-node",
    fix: "choose an address in the subnet of a node, or add a node with an address in this one",
  },
  TooManyFloatingIPs: { code: "too-many-floating-ips", fix: "remove floating IPs that no policy uses" },
};

function addressFindings(group: Group, { problem }: Whereabouts): Finding[] {
  return group.floatingIPs.flatMap(({ value, at }) => {
    const found = problem(value);
    const known = found && addressCodes[found.reason];
    return known === undefined
      ? []
      : [finding("error", known.code, found?.message ?? "", known.fix, at, groupRef(group))];
  });
}

/** Said at the EgressCluster; one that leaves all to its defaults stands nowhere, then at the group. */
function subnetFindings(group: Group, { at }: ClusterSettings, sites: Sites, { problem }: Whereabouts): Finding[] {
  const place = at ?? group.at;
  const object = at === null ? groupRef(group) : undefined;
  if (group.floatingIPs.some(({ value }) => problem(value)?.reason === "NodeSubnetsMissing")) {
    const message = "no floating IP can be allocated: EgressCluster declares no nodeSubnets";
    const fix = "declare spec.nodeSubnets in the EgressCluster: Kubernetes does not tell a node's prefix length";
    return [finding("error", "node-subnets-missing", message, fix, place, object)];
  }
  const podless = group.floatingIPs.flatMap(({ value }) => {
    const found = problem(value);
    return found?.reason === "PodCIDRsMissing" ? found.message : [];
  });
  if (podless.length > 0) {
    const fix = "declare spec.podCIDRs of both families in use in the EgressCluster";
    return [finding("error", "pod-cidrs-missing", podless[0] as string, fix, place, object)];
  }
  const stray = sites.all.filter(({ underlay }) => underlay === null);
  if (stray.length === 0 || sites.subnets.length === 0) return [];
  const names = listNames(stray.map((site) => site.name));
  const message = `no policy reaches the pods of ${names}: no InternalIP in nodeSubnets (${listSubnets(sites)})`;
  const fix = "add the subnet of these nodes to spec.nodeSubnets of the EgressCluster";
  return [finding("warning", "node-outside-node-subnets", message, fix, place, object)];
}

function newcomerFinding({ policy, refusal }: Admission): Finding[] {
  if (refusal?.reason !== "GatewayRefNotUnique") return [];
  const fix = "add a NetworkGatewayGroup for this policy and refer to that";
  return [finding("error", "gateway-ref-shared", refusal.message, fix, policy.gatewayRef.at, refTo(policy))];
}

export function shadowFinding({ shadowed }: Pick<PolicyOutcome, "shadowed">, policy: Policy): Finding | undefined {
  if (shadowed.length === 0) return undefined;
  const lost = shadowed.map(({ by, cidr }) => `traffic to ${cidr} is decided by policy ${by}`);
  const fix = "make the sources or the destinations of the two policies disjoint, if this is not what you want";
  return finding("warning", "policy-shadowed", `for some pods ${listNames(lost)}`, fix, policy.at, refTo(policy));
}

export function groupRef({ namespace, name }: Group): ObjectRef {
  return { kind: "NetworkGatewayGroup", namespace, name };
}

function refTo({ name }: Policy): ObjectRef {
  return { kind: "EgressNATPolicy", name };
}

export function finding(
  severity: Finding["severity"],
  code: Code,
  message: string,
  fix: string,
  at: Position,
  object: ObjectRef | undefined,
): Finding {
  const told = { code, severity, message, fix, file: at.file, line: at.line, column: at.column };
  return object === undefined ? told : { ...told, object };
}
