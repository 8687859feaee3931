/** Findings that need the cluster, or need to know who was there first; those of the text alone come with the intent. */
import type { Finding, ObjectRef, Position } from "../findings.ts";
import type { Group, Intent, Policy } from "../intent.ts";
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
    ...(defaultGroup === undefined ? [] : strayNodesFinding(defaultGroup, sites)),
    ...[...admissions.values()].flatMap(newcomerFinding),
  ];
}

/** By the reason of the condition; a NotReady node is no mistake in a manifest and so no finding. */
const addressCodes: Readonly<Record<string, { code: string; fix: string }>> = {
  NodeSubnetsMissing: {
    code: "node-subnets-missing",
    fix: "declare spec.nodeSubnets in the EgressCluster: Kubernetes does not tell a node's prefix length",
  },
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
  const { namespace, name } = group;
  return group.floatingIPs.flatMap(({ value, at }) => {
    const found = problem(value);
    const known = found && addressCodes[found.reason];
    if (known === undefined) return [];
    return [
      finding("error", known.code, found?.message ?? "", known.fix, at, {
        kind: "NetworkGatewayGroup",
        namespace,
        name,
      }),
    ];
  });
}

/** Said at the group, since an EgressCluster that leaves all to its defaults stands nowhere. */
function strayNodesFinding({ namespace, name, at }: Group, sites: Sites): Finding[] {
  const stray = sites.all.filter(({ underlay }) => underlay === null);
  if (stray.length === 0 || sites.subnets.length === 0) return [];
  const names = listNames(stray.map((site) => site.name));
  const message = `no policy reaches the pods of ${names}: no InternalIP in nodeSubnets (${listSubnets(sites)})`;
  const fix = "add the subnet of these nodes to spec.nodeSubnets of the EgressCluster";
  const object = { kind: "NetworkGatewayGroup", namespace, name };
  return [finding("warning", "node-outside-node-subnets", message, fix, at, object)];
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

function refTo({ name }: Policy): ObjectRef {
  return { kind: "EgressNATPolicy", name };
}

function finding(
  severity: Finding["severity"],
  code: string,
  message: string,
  fix: string,
  at: Position,
  object: ObjectRef,
): Finding {
  return { code, severity, message, fix, file: at.file, line: at.line, column: at.column, object };
}
