/** Why a pod's traffic to one address leaves the way it does, and why no other policy decides. For people, one question at a time. */
import { type Address, contains, formatAddress, parseAddress, parseCidr } from "./addresses.ts";
import type { Position } from "./findings.ts";
import type { Cidr, Intent, LabelRequirement, LabelSelector, Policy, Positioned } from "./intent.ts";
import type { Plan, PolicyOutcome } from "./model.ts";
import { namespaceLabels } from "./pods.ts";
import { matches } from "./selectors.ts";
import { byName } from "./text.ts";
import type { Labels, PodView, View } from "./view.ts";

/** `egress`: a floating IP. `held`: dropped until the address has a node. `node`: untouched, as without Sallyport. */
type Verdict = "egress" | "held" | "node";

export interface Explanation {
  readonly verdict: Verdict;
  /** One sentence without a full stop. */
  readonly summary: string;
  readonly policy: string | null;
  /** The source address seen outside; null when held or when the node's own. */
  readonly sourceIP: string | null;
  readonly gatewayNode: string | null;
  /** Every policy by name, with what speaks for or against it. */
  readonly policies: readonly PolicyReason[];
}

interface PolicyReason {
  readonly name: string;
  readonly decides: boolean;
  readonly reason: string;
  readonly at: Position;
}

export interface Question {
  readonly pod: { readonly namespace: string; readonly name: string };
  readonly destination: string;
}

/** `plan` must be of this intent and view. A string says what is wrong with the question. */
export function explain(
  intent: Intent,
  view: View,
  plan: Plan,
  { pod: asked, destination }: Question,
): Explanation | string {
  const address = parseAddress(destination);
  if (address === undefined) return `${destination} is not an IP address`;
  const pod = view.pods.find(({ namespace, name }) => namespace === asked.namespace && name === asked.name);
  if (pod === undefined) return `there is no pod ${asked.namespace}/${asked.name}`;
  const outcomes = new Map(plan.policies.map((outcome) => [outcome.name, outcome]));
  const labels = namespaceLabels(view.namespaces)(pod.namespace);
  const candidates = intent.policies.toSorted(byName).map((policy) => ({
    policy,
    outcome: outcomes.get(policy.name),
    best: longestMatch(policy.destinations, address),
    unmet: whyNotSelected(policy, labels, pod),
  }));
  const winner = winnerOf(candidates);
  const policies = candidates.map((candidate) => reasonFor(candidate, winner, address));
  const shortcut = whyUntouched(pod, plan, address);
  if (shortcut !== undefined || winner?.outcome === undefined) {
    const summary = shortcut ?? "no policy in effect selects the pod and names the destination";
    const untouched = policies.map((one) => (one.decides ? { ...one, decides: false, reason: summary } : one));
    return { verdict: "node", summary, policy: null, sourceIP: null, gatewayNode: null, policies: untouched };
  }
  return { ...decisionOf(winner.outcome), policies };
}

interface Candidate {
  readonly policy: Policy;
  readonly outcome: PolicyOutcome | undefined;
  readonly best: Match | undefined;
  /** Why no source selects the pod; undefined when one does. */
  readonly unmet: string | undefined;
}

interface Match {
  readonly destination: Positioned<Cidr>;
  readonly length: number;
}

function decisionOf({ name, ip, node, state, ready }: PolicyOutcome): Omit<Explanation, "policies"> {
  if (state === "active") {
    const summary = `policy ${name} decides: it leaves as ${ip} from ${node}`;
    return { verdict: "egress", summary, policy: name, sourceIP: ip, gatewayNode: node };
  }
  const summary = `policy ${name} decides, but its ${ready.message}`;
  return { verdict: "held", summary, policy: name, sourceIP: null, gatewayNode: null };
}

function whyUntouched(pod: PodView, plan: Plan, destination: Address): string | undefined {
  if (pod.hostNetwork) return "the pod uses its node's network, and host-network pods cannot be selected";
  const around = plan.nodes[0]?.noEgressCIDRs.find((cidr) => covers(cidr, destination));
  return around === undefined
    ? undefined
    : `${formatAddress(destination)} lies in ${around}, which is inside the cluster`;
}

function winnerOf(candidates: readonly Candidate[]): Candidate | undefined {
  let winner: Candidate | undefined;
  for (const candidate of candidates) {
    const { best, unmet, outcome } = candidate;
    if (best === undefined || unmet !== undefined || outcome === undefined || outcome.state === "refused") continue;
    if (best.length > (winner?.best?.length ?? -1)) winner = candidate;
  }
  return winner;
}

function reasonFor(candidate: Candidate, winner: Candidate | undefined, destination: Address): PolicyReason {
  const { policy, outcome, best, unmet } = candidate;
  const told = (reason: string, at: Position, decides = false) => ({ name: policy.name, decides, reason, at });
  if (unmet !== undefined) return told(`does not select the pod: ${unmet}`, policy.at);
  if (best === undefined) return told(`names no destination that contains ${formatAddress(destination)}`, policy.at);
  const { at, value } = best.destination;
  if (outcome === undefined || outcome.state === "refused") {
    return told(`is refused: ${outcome?.ready.message ?? "it is not part of the plan"}`, policy.gatewayRef.at);
  }
  if (winner === undefined || winner === candidate) return told(`decides by ${value}`, at, true);
  const rival = `policy ${winner.policy.name}`;
  if (winner.best?.length === best.length) return told(`names ${value}, but so does ${rival}, which sorts first`, at);
  return told(`names ${value}, but ${rival} names the longer ${winner.best?.destination.value}`, at);
}

function longestMatch(destinations: readonly Positioned<Cidr>[], address: Address): Match | undefined {
  let best: Match | undefined;
  for (const destination of destinations) {
    const prefix = parseCidr(destination.value);
    if (prefix === undefined || !contains(prefix, address)) continue;
    if (best === undefined || prefix.length > best.length) best = { destination, length: prefix.length };
  }
  return best;
}

function covers(cidr: string, address: Address): boolean {
  const prefix = parseCidr(cidr);
  return prefix !== undefined && contains(prefix, address);
}

function whyNotSelected({ sources }: Policy, namespace: Labels, { labels }: PodView): string | undefined {
  const reasons: string[] = [];
  for (const [i, { namespaceSelector, podSelector }] of sources.entries()) {
    const inNamespace = firstUnmet(namespaceSelector, namespace);
    const inPod = firstUnmet(podSelector, labels);
    if (inNamespace === undefined && inPod === undefined) return undefined;
    const which = sources.length > 1 ? `source ${i + 1}: ` : "";
    const unmet = inNamespace === undefined ? `the pod is not "${inPod}"` : `its namespace is not "${inNamespace}"`;
    reasons.push(`${which}${unmet}`);
  }
  return reasons.length === 0 ? "it has no sources" : reasons.join("; ");
}

function firstUnmet({ requirements }: LabelSelector, labels: Labels): string | undefined {
  const unmet = requirements.find((requirement) => !matches({ requirements: [requirement] }, labels));
  return unmet && requirementText(unmet);
}

/** As `kubectl get --selector` writes it. */
function requirementText({ key, operator, values }: LabelRequirement): string {
  if (operator === "Exists") return key;
  if (operator === "DoesNotExist") return `!${key}`;
  if (operator === "In" && values.length === 1) return `${key}=${values[0]}`;
  return `${key} ${operator.toLowerCase()} (${values.join(", ")})`;
}
