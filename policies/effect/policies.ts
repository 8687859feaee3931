/** Which policies fare otherwise, and why: told in the words of the plan's changes where there are any. */
import type { FailureMode } from "../intent.ts";
import type { Plan, PolicyOutcome, PolicyState, Shadow } from "../model.ts";
import { byName, listNames } from "../text.ts";

export interface PolicyEffect {
  readonly name: string;
  /** Null: the policy does not exist. */
  readonly before: PolicyState | null;
  readonly after: PolicyState | null;
  /** One sentence without a full stop. */
  readonly reason: string;
  /** What becomes of its traffic while no node holds its address. */
  readonly onGatewayFailure: { readonly before: FailureMode | null; readonly after: FailureMode | null };
  readonly selectedPods: { readonly before: number; readonly after: number };
  /** What another policy decides from now on. */
  readonly loses: readonly Shadow[];
  /** What another policy decides no longer. */
  readonly regains: readonly Shadow[];
}

/** Sorted by name. */
export function comparePolicies(before: Plan, after: Plan): PolicyEffect[] {
  const earlier = new Map(before.policies.map((outcome) => [outcome.name, outcome]));
  const now = new Map(after.policies.map((outcome) => [outcome.name, outcome]));
  const reasons = new Map(
    after.changes.filter(({ kind }) => kind.startsWith("policy-")).map(({ subject, reason }) => [subject, reason]),
  );
  return [...new Set([...earlier.keys(), ...now.keys()])]
    .flatMap((name) => comparePolicy(name, earlier.get(name), now.get(name), reasons.get(name)) ?? [])
    .sort(byName);
}

function comparePolicy(
  name: string,
  before: PolicyOutcome | undefined,
  after: PolicyOutcome | undefined,
  reason: string | undefined,
): PolicyEffect | undefined {
  const loses = shadowsMissing(after, before);
  const regains = after === undefined ? [] : shadowsMissing(before, after);
  const selectedPods = { before: before?.selectedPods ?? 0, after: after?.selectedPods ?? 0 };
  const onGatewayFailure = {
    before: before?.onGatewayFailure ?? null,
    after: after?.onGatewayFailure ?? null,
  };
  const same =
    before?.state === after?.state && before?.ip === after?.ip && onGatewayFailure.before === onGatewayFailure.after;
  if (same && loses.length + regains.length === 0 && selectedPods.before === selectedPods.after) return undefined;
  return {
    name,
    before: before?.state ?? null,
    after: after?.state ?? null,
    reason: reason ?? otherReason(name, { onGatewayFailure, loses, regains, selectedPods }),
    onGatewayFailure,
    selectedPods,
    loses,
    regains,
  };
}

/** Shadows of `of` that `from` does not have, whatever the number of pods. */
function shadowsMissing(of: PolicyOutcome | undefined, from: PolicyOutcome | undefined): Shadow[] {
  const known = new Set(from?.shadowed.map(({ by, cidr }) => `${by} ${cidr}`));
  return (of?.shadowed ?? []).filter(({ by, cidr }) => !known.has(`${by} ${cidr}`));
}

function otherReason(
  name: string,
  effect: Pick<PolicyEffect, "onGatewayFailure" | "loses" | "regains" | "selectedPods">,
): string {
  const { onGatewayFailure, loses, regains, selectedPods } = effect;
  const said: string[] = [];
  if (onGatewayFailure.before !== onGatewayFailure.after && onGatewayFailure.after !== null) {
    said.push(`${FAILURE_IN_WORDS[onGatewayFailure.after]} from now on while no node holds its address`);
  }
  if (selectedPods.before !== selectedPods.after) {
    said.push(`selects ${countPods(selectedPods.after)} instead of ${selectedPods.before}`);
  }
  if (loses.length > 0) said.push(`loses ${listNames(loses.map(({ by, cidr }) => `${cidr} to policy ${by}`))}`);
  if (regains.length > 0) {
    said.push(`gets back ${listNames(regains.map(({ by, cidr }) => `${cidr} from policy ${by}`))}`);
  }
  return `policy ${name} ${said.join("; ")}`;
}

const FAILURE_IN_WORDS = { drop: "is held", nodeIP: "leaves with node addresses" } as const;

function countPods(count: number): string {
  return count === 1 ? "1 pod" : `${count} pods`;
}
