/** What speaks for and against each policy, for one pod and one destination. */
import { type Address, contains, formatAddress, parseCidr } from "../addresses.ts";
import type { Position } from "../findings.ts";
import type { Cidr, Intent, LabelRequirement, LabelSelector, Policy, Positioned } from "../intent.ts";
import type { Plan, PolicyOutcome } from "../model.ts";
import { namespaceLabels } from "../pods.ts";
import { matches } from "../selectors.ts";
import { byName } from "../text.ts";
import type { Labels, PodView, View } from "../view.ts";

export interface Candidate {
  readonly policy: Policy;
  readonly outcome: PolicyOutcome | undefined;
  /** The longest of its destinations that contains the address. */
  readonly best: Match | undefined;
  /** The first source that selects the pod, counted from 1; else why none does. */
  readonly selectedBy: number | string;
}

interface Match {
  readonly destination: Positioned<Cidr>;
  readonly length: number;
}

export interface PolicyReason {
  readonly name: string;
  readonly decides: boolean;
  /** Continues the sentence "policy NAME …". */
  readonly reason: string;
  readonly at: Position;
}

/** Every policy, by name. */
export function candidatesFor(intent: Intent, view: View, plan: Plan, pod: PodView, address: Address): Candidate[] {
  const outcomes = new Map(plan.policies.map((outcome) => [outcome.name, outcome]));
  const labels = namespaceLabels(view.namespaces)(pod.namespace);
  return intent.policies.toSorted(byName).map((policy) => ({
    policy,
    outcome: outcomes.get(policy.name),
    best: longestMatch(policy.destinations, address),
    selectedBy: selectingSource(policy, labels, pod),
  }));
}

export function reasonFor(candidate: Candidate, winner: Candidate | undefined, address: Address): PolicyReason {
  const { policy, outcome, best, selectedBy } = candidate;
  const told = (reason: string, at: Position, decides = false) => ({ name: policy.name, decides, reason, at });
  if (typeof selectedBy === "string") return told(`does not select the pod: ${selectedBy}`, policy.at);
  if (best === undefined) return told(`names no destination that contains ${formatAddress(address)}`, policy.at);
  const { at, value } = best.destination;
  if (outcome === undefined || outcome.state === "refused") {
    return told(`is refused: ${outcome?.ready.message ?? "it is not part of the plan"}`, policy.gatewayRef.at);
  }
  if (winner === candidate) return told(`decides by ${value}`, at, true);
  if (winner?.best === undefined) return told(`selects the pod and names ${value}`, at);
  const { name } = winner.policy;
  const other = winner.best.destination.value;
  if (winner.best.length > best.length) return told(`names ${value}, but policy ${name} names the longer ${other}`, at);
  return told(`names ${value} too, but policy ${name} comes first by name`, at);
}

function longestMatch(destinations: Policy["destinations"], address: Address): Match | undefined {
  let best: Match | undefined;
  for (const destination of destinations) {
    const prefix = parseCidr(destination.value);
    if (prefix === undefined || !contains(prefix, address)) continue;
    if (best === undefined || prefix.length > best.length) best = { destination, length: prefix.length };
  }
  return best;
}

function selectingSource({ sources }: Policy, namespace: Labels, { labels }: PodView): number | string {
  const reasons: string[] = [];
  for (const [i, { namespaceSelector, podSelector }] of sources.entries()) {
    const inNamespace = firstUnmet(namespaceSelector, namespace);
    const inPod = firstUnmet(podSelector, labels);
    if (inNamespace === undefined && inPod === undefined) return i + 1;
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
