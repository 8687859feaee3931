/** Each declared object with its `.status`, as `kubectl get -o yaml` would print it. */
import { dump } from "js-yaml";
import type { Group, LabelSelector, Policy } from "../../policies/intent.ts";
import { ON_GATEWAY_FAILURE } from "../../policies/manifests/schemas.ts";
import type { GroupOutcome, PolicyOutcome } from "../../policies/model.ts";
import { translates } from "../../policies/nodeports.ts";
import type { NodeReport } from "../../policies/nodestate.ts";
import { groupCondition, isConverged, policyCondition } from "./confirmation.ts";
import type { StatusInput } from "./input.ts";
import { portRange } from "./ports.ts";

const apiVersion = "networking.gke.io/v1";

/** By path on the branch. */
export function objectPages(input: StatusInput): [path: string, content: string][] {
  const groups = new Map(input.plan.groups.map((outcome) => [`${outcome.namespace}/${outcome.name}`, outcome]));
  const policies = new Map(input.plan.policies.map((outcome) => [outcome.name, outcome]));
  return [
    ...input.intent.groups.flatMap((group): [string, string][] => {
      const outcome = groups.get(`${group.namespace}/${group.name}`);
      return outcome ? [[groupPath(group), groupPage(group, outcome, input)]] : [];
    }),
    ...input.intent.policies.flatMap((policy): [string, string][] => {
      const outcome = policies.get(policy.name);
      return outcome ? [[policyPath(policy.name), policyPage(policy, outcome, input)]] : [];
    }),
    ...input.plan.nodes.map(({ node }): [string, string] => [nodePath(node), nodePage(node, input)]),
  ];
}

export function groupPath({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `networkgatewaygroups/${pathSegment(namespace)}/${pathSegment(name)}.yaml`;
}

export function policyPath(name: string): string {
  return `egressnatpolicies/${pathSegment(name)}.yaml`;
}

export function nodePath(name: string): string {
  return `nodes/${pathSegment(name)}.yaml`;
}

function groupPage(group: Group, outcome: GroupOutcome, input: StatusInput): string {
  const { floatingIPs, nodes } = outcome;
  return yaml({
    kind: "NetworkGatewayGroup",
    apiVersion,
    metadata: { namespace: group.namespace, name: group.name },
    spec: { floatingIPs: group.floatingIPs.map(({ value }) => value) },
    status: {
      ...(floatingIPs ? { floatingIPs } : {}),
      ...(nodes ? { nodes } : {}),
      conditions: [groupCondition(outcome, input)],
      observedCommit: input.applied?.oid ?? null,
    },
  });
}

function policyPage(policy: Policy, outcome: PolicyOutcome, input: StatusInput): string {
  const { ip, node, state, onGatewayFailure, selectedPods, ignoredHostNetworkPods, shadowed } = outcome;
  return yaml({
    kind: "EgressNATPolicy",
    apiVersion,
    metadata: {
      name: policy.name,
      ...(policy.onGatewayFailure === "drop" ? {} : { annotations: { [ON_GATEWAY_FAILURE]: policy.onGatewayFailure } }),
    },
    spec: {
      sources: policy.sources.map(({ namespaceSelector, podSelector }) => ({
        namespaceSelector: selectorAsWritten(namespaceSelector),
        podSelector: selectorAsWritten(podSelector),
      })),
      action: "SNAT",
      destinations: policy.destinations.map(({ value }) => ({ cidr: value })),
      gatewayRef: { name: policy.gatewayRef.value.name, namespace: policy.gatewayRef.value.namespace },
    },
    status: {
      conditions: [policyCondition(outcome, input)],
      floatingIP: ip,
      gatewayNode: node,
      ...(state === "held" || state === "nodeIP" ? { activeFailureMode: onGatewayFailure } : {}),
      selectedPods,
      ...(ignoredHostNetworkPods > 0 ? { ignoredHostNetworkPods } : {}),
      ...(shadowed.length > 0 ? { shadowed } : {}),
      observedCommit: input.applied?.oid ?? null,
    },
  });
}

function nodePage(node: string, { plan, nodes }: StatusInput): string {
  const state = plan.nodes.find((candidate) => candidate.node === node);
  const progress = nodes.get(node);
  const report = progress?.report;
  return yaml({
    node,
    connected: progress?.connected ?? false,
    converged: isConverged(progress),
    wanted: {
      generation: progress?.generation ?? null,
      floatingIPs: state?.held.map(({ ip }) => ip) ?? [],
      ...(state && { gatewayMode: state.gatewayMode, ports: portRange(state) }),
      pods: state?.pods.length ?? 0,
    },
    ...(!translates(state) ? { waitsFor: "ports: what policies select here is held until there are some" } : {}),
    ...(report
      ? {
          reported: {
            generation: report.generation,
            outcome: report.outcome,
            ...(report.error === undefined ? {} : { error: report.error }),
            floatingIPs: report.kernel.held,
            ...(report.lease === null ? {} : { leases: Object.fromEntries(report.lease.held.map(leaseEntry)) }),
            pods: report.kernel.pods,
            ...(report.kernel.heldPods.length > 0 ? { heldPods: report.kernel.heldPods } : {}),
          },
        }
      : {}),
  });
}

const GROUNDS: Readonly<Record<string, string>> = {
  new: "nobody ever held it",
  own: "it was its own",
  released: "the holder before released it",
  expired: "the lease of the holder before had expired",
};

/** How it was known, when the node took the address, that nobody else answers for it. */
function leaseEntry({ ip, epoch, proof }: NonNullable<NodeReport["lease"]>["held"][number]) {
  const told = Object.entries(proof.grounds)
    .filter(([, count]) => count > 0)
    .map(([ground, count]) => `${GROUNDS[ground] ?? ground}, by ${count} of ${proof.witnesses} witnesses`);
  return [ip, { takeOver: epoch, known: told.sort().join("; ") }] as const;
}

/** `In` with one value is how `matchLabels` is kept. */
function selectorAsWritten({ requirements }: LabelSelector) {
  const isLabel = ({ operator, values }: LabelSelector["requirements"][number]) =>
    operator === "In" && values.length === 1;
  const labels = requirements.filter(isLabel).map(({ key, values }) => [key, values[0]]);
  const expressions = requirements.filter((requirement) => !isLabel(requirement));
  return {
    ...(labels.length > 0 ? { matchLabels: Object.fromEntries(labels) } : {}),
    ...(expressions.length > 0
      ? {
          matchExpressions: expressions.map(({ key, operator, values }) =>
            values.length > 0 ? { key, operator, values } : { key, operator },
          ),
        }
      : {}),
  };
}

/** Names are DNS names where Kubernetes checked them; a tree of manifests is checked by nobody before us. */
function pathSegment(name: string): string {
  return name.replace(/^\.|[^a-zA-Z0-9.-]/g, (character) => encodeURIComponent(character).replace(".", "%2E"));
}

function yaml(value: unknown): string {
  return dump(value, { noRefs: true, lineWidth: -1 });
}
