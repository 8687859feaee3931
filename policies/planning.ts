/**
 * A plan that follows the pods. What depends on pods adds up: each belongs to the state of one node, and counts for the
 * policies that select it. So a full plan is the plan of a cluster without pods to which all are added, and the event of
 * one pod goes the same way and costs the same in a cluster of any size.
 */
import type { Finding } from "./findings.ts";
import type { Plan, PolicyOutcome, Shadow } from "./model.ts";
import type { NodePod, NodeState } from "./nodestate.ts";
import type { PodChanges } from "./podchanges.ts";
import type { PlacedPod, PodRegister } from "./pods.ts";
import { addTally, type Tally } from "./tallies.ts";
import type { PodView } from "./view.ts";

export interface PlanningParts {
  readonly withoutPods: Plan;
  readonly pods: readonly PodView[];
  /** Without pods. */
  readonly register: PodRegister;
  /** Of a node of the plan. */
  readonly buildState: (node: string, pods: readonly PlacedPod[]) => NodeState;
  readonly shadowFinding: (outcome: PolicyOutcome) => Finding | undefined;
}

export class Planning {
  readonly #parts: PlanningParts;
  readonly #nodes: ReadonlyMap<string, number>;
  readonly #policies: ReadonlyMap<string, number>;
  /** At the index of their policy. */
  readonly #shadowFindings: (Finding | undefined)[];
  #plan: Plan;

  constructor(parts: PlanningParts) {
    const { withoutPods, pods } = parts;
    this.#parts = parts;
    this.#nodes = new Map(withoutPods.nodes.map(({ node }, i) => [node, i]));
    this.#policies = new Map(withoutPods.policies.map(({ name }, i) => [name, i]));
    this.#shadowFindings = withoutPods.policies.map(() => undefined);
    this.#plan = withoutPods;
    this.#plan = { ...this.apply({ removed: [], added: pods }), changes: withoutPods.changes };
  }

  get plan(): Plan {
    return this.#plan;
  }

  /**
   * The plan after some pods came and went, as if it had been made in full after the plan before it. What did not change
   * is the same object as in that one.
   *
   * @throws when a pod is removed that is not there. Start over then: the plan no longer is what it says.
   */
  apply(changes: PodChanges): Plan {
    const { nodes, tallies } = this.#parts.register.apply(changes);
    const outcomes = this.#count(tallies);
    const findings = this.#findAgain(outcomes);
    this.#plan = {
      ...this.#plan,
      policies: withItems(this.#plan.policies, outcomes),
      nodes: withItems(this.#plan.nodes, this.#rebuild(nodes)),
      changes: [],
      findings,
    };
    return this.#plan;
  }

  #count(tallies: ReadonlyMap<string, Tally>): Map<number, PolicyOutcome> {
    const outcomes = new Map<number, PolicyOutcome>();
    for (const [name, tally] of tallies) {
      const i = this.#policies.get(name) as number;
      const before = this.#plan.policies[i] as PolicyOutcome;
      outcomes.set(i, { ...before, ...addTally(before, tally) });
    }
    return outcomes;
  }

  #findAgain(outcomes: ReadonlyMap<number, PolicyOutcome>): Plan["findings"] {
    let same = true;
    for (const [i, outcome] of outcomes) {
      if (sameTraffic((this.#plan.policies[i] as PolicyOutcome).shadowed, outcome.shadowed)) continue;
      this.#shadowFindings[i] = this.#parts.shadowFinding(outcome);
      same = false;
    }
    if (same) return this.#plan.findings;
    return [...this.#parts.withoutPods.findings, ...this.#shadowFindings.filter((finding) => finding !== undefined)];
  }

  #rebuild(names: Iterable<string>): Map<number, NodeState> {
    const states = new Map<number, NodeState>();
    for (const name of names) {
      const i = this.#nodes.get(name);
      if (i === undefined) continue;
      const pods = this.#parts.register.on(name);
      if (!samePods((this.#plan.nodes[i] as NodeState).pods, pods)) states.set(i, this.#parts.buildState(name, pods));
    }
    return states;
  }
}

function withItems<T>(list: readonly T[], items: ReadonlyMap<number, T>): readonly T[] {
  if (items.size === 0) return list;
  const copy = list.slice();
  for (const [i, item] of items) copy[i] = item;
  return copy;
}

function sameTraffic(before: readonly Shadow[], after: readonly Shadow[]): boolean {
  return (
    before.length === after.length && before.every(({ by, cidr }, i) => after[i]?.by === by && after[i]?.cidr === cidr)
  );
}

function samePods(before: readonly NodePod[], after: readonly PlacedPod[]): boolean {
  return before.length === after.length && before.every((pod, i) => samePod(pod, (after[i] as PlacedPod).pod));
}

function samePod(a: NodePod, b: NodePod): boolean {
  if (a === b) return true;
  return (
    a.namespace === b.namespace &&
    a.name === b.name &&
    a.uid === b.uid &&
    a.class === b.class &&
    a.ips.join() === b.ips.join()
  );
}
