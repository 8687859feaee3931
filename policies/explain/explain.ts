/**
 * Why a pod's traffic to one address leaves the way it does, and why no other policy decides. The decision is read from
 * the state of the pod's node, so it is the one that the node is told; the reasons come from what is declared.
 */
import { type Address, contains, formatAddress, parseAddress, parseCidr, prefixOf } from "../addresses.ts";
import type { Position } from "../findings.ts";
import type { FailureMode, Intent } from "../intent.ts";
import type { Plan, PolicyOutcome } from "../model.ts";
import { neverRouted } from "../neverrouted.ts";
import { translates } from "../nodeports.ts";
import type { NodePod, NodeState, PodClass } from "../nodestate.ts";
import { qualifiedName } from "../text.ts";
import type { PodView, View } from "../view.ts";
import { type Candidate, candidatesFor, type PolicyReason, reasonFor } from "./candidates.ts";

/**
 * `egress`: leaves with a floating IP. `held`: dropped, until the address has a node or the pod's node has ports. `nodeIP`:
 * leaves with the node's address until the address has a node, because the policy asks for it. `node`: untouched, as
 * without Sallyport. `none`: the pod cannot send there at all.
 */
type Verdict = "egress" | "held" | "nodeIP" | "node" | "none";

export interface Explanation {
  readonly verdict: Verdict;
  /** One sentence without a full stop. */
  readonly summary: string;
  readonly policy: string | null;
  /** What becomes of this traffic while no node holds the policy's address; null where no policy decides. */
  readonly onGatewayFailure: FailureMode | null;
  /** The source address seen outside; null when held or when the node's own. */
  readonly sourceIP: string | null;
  readonly gatewayNode: string | null;
  readonly pod: ExplainedPod;
  /** In canonical form. */
  readonly destination: string;
  /** How the decision came about, one sentence without a full stop each, in order. */
  readonly steps: readonly Step[];
  /** Every policy by name, with what speaks for or against it. */
  readonly policies: readonly PolicyReason[];
}

interface ExplainedPod extends Pick<PodView, "namespace" | "name" | "node" | "ips" | "hostNetwork" | "workload"> {
  /** The class its node knows it by; null: not selected, or not known. */
  readonly class: string | null;
}

interface Step {
  readonly what: string;
  /** Where it is declared; null for what the cluster says. */
  readonly at: Position | null;
}

export interface Question {
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly destination: string;
}

/** `plan` must be of this intent and view. A string says what is wrong with the question. */
export function explain(intent: Intent, view: View, plan: Plan, question: Question): Explanation | string {
  const address = parseAddress(question.destination);
  if (address === undefined) return `${question.destination} is not an IP address`;
  const { namespace, name } = question.pod;
  const pod = view.pods.find((one) => one.namespace === namespace && one.name === name);
  if (pod === undefined) return `there is no pod ${namespace}/${name}`;

  const state = plan.nodes.find(({ node }) => node === pod.node);
  const known = state?.pods.find((one) => one.namespace === namespace && one.name === name);
  const shortcut = withoutPolicies(pod, state, address);
  const candidates = candidatesFor(intent, view, plan, pod, address);
  const winner = shortcut === undefined ? winnerOf(candidates, classOf(known, state), address) : undefined;
  const { hostNetwork, ips, node, workload } = pod;
  return {
    ...decisionOf(winner?.outcome, shortcut, state),
    pod: { namespace, name, node, ips, hostNetwork, workload, class: known?.class ?? null },
    destination: formatAddress(address),
    steps: [whereabouts(pod, known), ...(winner === undefined ? [] : stepsOf(winner, intent))],
    policies: candidates.map((candidate) => reasonFor(candidate, winner, address)),
  };
}

interface Shortcut {
  readonly verdict: Verdict;
  readonly summary: string;
}

/** Cases in which no policy is asked, whatever it says. */
function withoutPolicies(pod: PodView, state: NodeState | undefined, destination: Address): Shortcut | undefined {
  const untouched = (summary: string) => ({ verdict: "node" as const, summary });
  const ofFamily = (ip: string) => parseAddress(ip)?.family === destination.family;
  if (pod.hostNetwork) return untouched("the pod uses its node's network, and host-network pods cannot be selected");
  if (pod.ips.length === 0) {
    return { verdict: "none", summary: "the pod has no address yet, and its node holds what it sends until it has" };
  }
  if (!pod.ips.some(ofFamily)) {
    return { verdict: "none", summary: `the pod has no IPv${destination.family} address` };
  }
  if (state === undefined) {
    return untouched(`${pod.node} has no InternalIP in nodeSubnets, so no policy reaches its pods`);
  }
  const onLink = neverRouted(prefixOf(destination));
  if (onLink !== undefined) return untouched(`${formatAddress(destination)} ${onLink.what}, which is never routed`);
  const around = state.noEgressCIDRs.find((cidr) => covers(cidr, destination));
  if (around === undefined) return undefined;
  return untouched(`${formatAddress(destination)} lies in ${around}, which is inside the cluster`);
}

/** The policy of the class's first rule that contains the address. */
function winnerOf(
  candidates: readonly Candidate[],
  podClass: PodClass | undefined,
  destination: Address,
): Candidate | undefined {
  const rule = podClass?.rules.find(({ cidr }) => covers(cidr, destination));
  return rule && candidates.find(({ policy }) => policy.name === rule.policy);
}

function classOf(known: NodePod | undefined, state: NodeState | undefined): PodClass | undefined {
  return state?.classes.find(({ key }) => key === known?.class);
}

type Decision = Pick<Explanation, "verdict" | "summary" | "policy" | "onGatewayFailure" | "sourceIP" | "gatewayNode">;

function decisionOf(
  outcome: PolicyOutcome | undefined,
  shortcut: Shortcut | undefined,
  on: NodeState | undefined,
): Decision {
  const nobody = { policy: null, onGatewayFailure: null, sourceIP: null, gatewayNode: null };
  if (shortcut !== undefined) return { ...shortcut, ...nobody };
  if (outcome === undefined) {
    return { verdict: "node", summary: "no policy in effect selects the pod and names the destination", ...nobody };
  }
  const { name, ip, node, state, ready, onGatewayFailure } = outcome;
  const decided = { policy: name, onGatewayFailure, sourceIP: null, gatewayNode: null };
  if (state === "active" && !translates(on)) {
    const summary = `policy ${name} decides, but its traffic is held: ${on?.node} has no port block for stateless gateways`;
    return { ...decided, verdict: "held", summary };
  }
  if (state === "active") {
    const summary = `policy ${name} decides: it leaves as ${ip} from ${node}`;
    return { ...decided, verdict: "egress", summary, sourceIP: ip, gatewayNode: node };
  }
  const summary = `policy ${name} decides, but its ${ready.message}`;
  return { ...decided, verdict: state === "nodeIP" ? "nodeIP" : "held", summary };
}

function whereabouts({ namespace, name, ips, node, workload }: PodView, known: NodePod | undefined): Step {
  const owner = workload === null ? "" : ` of ${workload.kind} ${workload.name}`;
  const classes = known === undefined ? "" : `, ${known.class === null ? "not selected" : `in class ${known.class}`}`;
  return {
    what: `pod ${namespace}/${name}${owner} (${ips.join(", ") || "no address"}) runs on ${node}${classes}`,
    at: null,
  };
}

function stepsOf({ policy, best, outcome, selectedBy }: Candidate, intent: Intent): Step[] {
  const groupName = qualifiedName(policy.gatewayRef.value);
  const group = intent.groups.find((one) => qualifiedName(one) === groupName);
  const steps: (Step | undefined)[] = [
    { what: `policy ${policy.name} selects it by its source ${selectedBy}`, at: policy.at },
    best && { what: `the policy names ${best.destination.value}`, at: best.destination.at },
    { what: `its gatewayRef is ${groupName}`, at: policy.gatewayRef.at },
    group?.floatingIPs[0] && {
      what: `the group's first floating IP is ${group.floatingIPs[0].value}`,
      at: group.floatingIPs[0].at,
    },
    outcome && {
      what: outcome.node === null ? outcome.ready.message : `${outcome.ip} is allocated to ${outcome.node}`,
      at: null,
    },
  ];
  return steps.filter((step) => step !== undefined);
}

function covers(cidr: string, address: Address): boolean {
  const prefix = parseCidr(cidr);
  return prefix !== undefined && contains(prefix, address);
}
