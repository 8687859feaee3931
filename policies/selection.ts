/**
 * Which policies select a pod, fast enough for 150,000 pods and 10,000 policies. Two ideas: a source is looked up by the
 * one label it requires that fewest other sources require, and pods whose labels differ only in what no selector
 * mentions share one answer.
 */
import type { LabelSelector, Policy, PolicySource } from "./intent.ts";
import { matches } from "./selectors.ts";
import { byName } from "./text.ts";
import type { Labels } from "./view.ts";

/** The policies that select a pod, sorted by name; the same array for the same set. */
export type Select = (namespaceLabels: Labels, podLabels: Labels) => readonly Policy[];

interface IndexedSource {
  readonly policy: number;
  readonly source: PolicySource;
}

export function indexSources(policies: readonly Policy[]): Select {
  const sorted = policies.toSorted(byName);
  const sources = sorted.flatMap((policy, i) => policy.sources.map((source) => ({ policy: i, source })));
  const tokens = new Tokens(sources.map(({ source }) => source));
  const index = indexByRarestToken(sources, tokens);
  const bySignature = new Map<string, readonly Policy[]>();
  const bySet = new Map<string, readonly Policy[]>();

  return (namespaceLabels, podLabels) => {
    const present = tokens.ofPod(namespaceLabels, podLabels);
    const signature = present.join();
    const known = bySignature.get(signature);
    if (known !== undefined) return known;
    const found = lookUp(index, present, namespaceLabels, podLabels);
    const set = found.join();
    const selected = bySet.get(set) ?? found.map((i) => sorted[i] as Policy);
    bySet.set(set, selected);
    bySignature.set(signature, selected);
    return selected;
  };
}

interface Index {
  readonly byToken: ReadonlyMap<number, readonly IndexedSource[]>;
  /** Sources that require no label to be present. */
  readonly always: readonly IndexedSource[];
}

function lookUp(index: Index, present: readonly number[], namespaceLabels: Labels, podLabels: Labels): number[] {
  const found = new Set<number>();
  const consider = ({ policy, source }: IndexedSource) => {
    if (found.has(policy)) return;
    if (matches(source.namespaceSelector, namespaceLabels) && matches(source.podSelector, podLabels)) found.add(policy);
  };
  for (const token of present) index.byToken.get(token)?.forEach(consider);
  index.always.forEach(consider);
  return [...found].sort((a, b) => a - b);
}

function indexByRarestToken(sources: readonly IndexedSource[], tokens: Tokens): Index {
  const ways = sources.map(({ source }) => tokens.requiredBy(source));
  const uses = new Map<number, number>();
  for (const token of ways.flat(2)) uses.set(token, (uses.get(token) ?? 0) + 1);
  const cost = (way: readonly number[]) => way.reduce((sum, token) => sum + (uses.get(token) ?? 0), 0);

  const byToken = new Map<number, IndexedSource[]>();
  const always: IndexedSource[] = [];
  for (const [i, source] of sources.entries()) {
    const [first, ...others] = ways[i] ?? [];
    if (first === undefined) {
      always.push(source);
      continue;
    }
    const cheapest = others.reduce((best, way) => (cost(way) < cost(best) ? way : best), first);
    for (const token of cheapest) {
      const sharing = byToken.get(token);
      if (sharing === undefined) byToken.set(token, [source]);
      else sharing.push(source);
    }
  }
  return { byToken, always };
}

/** What selectors can tell apart of one label key, as small numbers. */
interface KeyTokens {
  readonly exists: number;
  readonly otherValue: number;
  readonly values: Map<string, number>;
}

type Side = Map<string, KeyTokens>;

class Tokens {
  #count = 0;
  readonly #namespace: Side = new Map();
  readonly #pod: Side = new Map();
  readonly #namespaceTokens = new WeakMap<Labels, readonly number[]>();

  constructor(sources: Iterable<PolicySource>) {
    for (const { namespaceSelector, podSelector } of sources) {
      this.#learn(this.#namespace, namespaceSelector);
      this.#learn(this.#pod, podSelector);
    }
  }

  /** Equal for labels that no selector can tell apart, apart from the order in which labels are written. */
  ofPod(namespaceLabels: Labels, podLabels: Labels): number[] {
    let namespaceTokens = this.#namespaceTokens.get(namespaceLabels);
    if (namespaceTokens === undefined) {
      namespaceTokens = tokensOf(this.#namespace, namespaceLabels);
      this.#namespaceTokens.set(namespaceLabels, namespaceTokens);
    }
    return [...namespaceTokens, ...tokensOf(this.#pod, podLabels)];
  }

  /** One entry for each requirement that wants a label present: the tokens of which a match has at least one. */
  requiredBy({ namespaceSelector, podSelector }: PolicySource): number[][] {
    return [...required(this.#namespace, namespaceSelector), ...required(this.#pod, podSelector)];
  }

  #learn(side: Side, selector: LabelSelector): void {
    for (const { key, values } of selector.requirements) {
      let known = side.get(key);
      if (known === undefined) {
        known = { exists: this.#count++, otherValue: this.#count++, values: new Map() };
        side.set(key, known);
      }
      for (const value of values) if (!known.values.has(value)) known.values.set(value, this.#count++);
    }
  }
}

function tokensOf(side: Side, labels: Labels): number[] {
  const tokens: number[] = [];
  for (const key in labels) {
    const known = Object.hasOwn(labels, key) ? side.get(key) : undefined;
    if (known !== undefined) tokens.push(known.exists, known.values.get(labels[key] as string) ?? known.otherValue);
  }
  return tokens;
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
