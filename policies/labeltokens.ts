/** Labels as small numbers, one for each thing that selectors can tell apart. */
import type { LabelSelector, PolicySource } from "./intent.ts";
import type { Labels } from "./view.ts";

interface KeyTokens {
  /** The key is there; alone, with a value that no selector mentions. */
  readonly exists: number;
  readonly values: Map<string, number>;
}

type Side = Map<string, KeyTokens>;

export class LabelTokens {
  #count = 0;
  readonly #namespace: Side = new Map();
  readonly #pod: Side = new Map();

  constructor(sources: Iterable<PolicySource>) {
    for (const { namespaceSelector, podSelector } of sources) {
      this.#learn(this.#namespace, namespaceSelector);
      this.#learn(this.#pod, podSelector);
    }
  }

  /** All that a selector can find in these labels. */
  present(namespaceLabels: Labels, podLabels: Labels): number[] {
    return [...tokensOf(this.#namespace, namespaceLabels), ...tokensOf(this.#pod, podLabels)];
  }

  /** One step for each label that a selector mentions; the steps are equal for labels that none can tell apart. */
  walkNamespace<T>(labels: Labels, start: T, step: (at: T, token: number) => T): T {
    return walk(this.#namespace, labels, start, step);
  }

  walkPod<T>(labels: Labels, start: T, step: (at: T, token: number) => T): T {
    return walk(this.#pod, labels, start, step);
  }

  /** One entry for each requirement that wants a label present: the tokens of which a match has at least one. */
  requiredBy({ namespaceSelector, podSelector }: PolicySource): number[][] {
    return [...required(this.#namespace, namespaceSelector), ...required(this.#pod, podSelector)];
  }

  #learn(side: Side, selector: LabelSelector): void {
    for (const { key, values } of selector.requirements) {
      let known = side.get(key);
      if (known === undefined) {
        known = { exists: this.#count++, values: new Map() };
        side.set(key, known);
      }
      for (const value of values) if (!known.values.has(value)) known.values.set(value, this.#count++);
    }
  }
}

function tokensOf(side: Side, labels: Labels): number[] {
  const tokens: number[] = [];
  for (const key in labels) {
    const known = side.get(key);
    if (known === undefined) continue;
    tokens.push(known.exists);
    const value = known.values.get(labels[key] as string);
    if (value !== undefined) tokens.push(value);
  }
  return tokens;
}

function walk<T>(side: Side, labels: Labels, start: T, step: (at: T, token: number) => T): T {
  let at = start;
  for (const key in labels) {
    const known = side.get(key);
    if (known !== undefined) at = step(at, known.values.get(labels[key] as string) ?? known.exists);
  }
  return at;
}

function required(side: Side, selector: LabelSelector): number[][] {
  const ways: number[][] = [];
  for (const { key, operator, values } of selector.requirements) {
    const known = side.get(key);
    if (known === undefined) continue;
    if (operator === "Exists") ways.push([known.exists]);
    if (operator === "In") ways.push(values.map((value) => known.values.get(value) as number));
  }
  return ways;
}
