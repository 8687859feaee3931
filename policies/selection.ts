/**
 * Which policies select a pod, fast enough for 150,000 pods and 10,000 policies. Two ideas: a source is looked up by the
 * one label it requires that fewest other sources require, and pods whose labels differ only in what no selector
 * mentions share one answer.
 */
import type { Policy, PolicySource } from "./intent.ts";
import { LabelMemory } from "./labelmemory.ts";
import { LabelTokens } from "./labeltokens.ts";
import { matches } from "./selectors.ts";
import { byName } from "./text.ts";
import type { Labels } from "./view.ts";

/** What was worked out about the policies that select a pod. */
export type Select<T> = (namespaceLabels: Labels, podLabels: Labels) => T;

/**
 * Labels come and go for as long as a process lives, so answers are forgotten, all at once, when there are this many:
 * more than a cluster has different ones at a time, and some tens of megabytes.
 */
const MAX_ANSWERS = 200_000;

interface IndexedSource {
  readonly policy: number;
  readonly source: PolicySource;
}

/** @param workOut gets policies sorted by name; for one set of them it is rarely called twice. */
export function indexSources<T extends object>(
  policies: readonly Policy[],
  workOut: (selected: readonly Policy[]) => T,
): Select<T> {
  const sorted = policies.toSorted(byName);
  const sources = sorted.flatMap((policy, i) => policy.sources.map((source) => ({ policy: i, source })));
  const tokens = new LabelTokens(sources.map(({ source }) => source));
  const index = indexByRarestToken(sources, tokens);
  const bySet = new Map<string, T>();
  let memory = new LabelMemory<T>(tokens);

  const answerFor = (namespaceLabels: Labels, podLabels: Labels): T => {
    const found = lookUp(index, tokens.present(namespaceLabels, podLabels), namespaceLabels, podLabels);
    const set = found.join();
    const known = bySet.get(set);
    if (known !== undefined) return known;
    const answer = workOut(found.map((i) => sorted[i] as Policy));
    bySet.set(set, answer);
    return answer;
  };
  return (namespaceLabels, podLabels) => {
    if (memory.size > MAX_ANSWERS) {
      memory = new LabelMemory(tokens);
      bySet.clear();
    }
    const place = memory.placeOf(namespaceLabels, podLabels);
    place.answer ??= answerFor(namespaceLabels, podLabels);
    return place.answer;
  };
}

interface Index {
  readonly byToken: ReadonlyMap<number, readonly IndexedSource[]>;
  /** Sources that require no label to be present. */
  readonly always: readonly IndexedSource[];
}

function lookUp(index: Index, present: readonly number[], namespaceLabels: Labels, podLabels: Labels): number[] {
  const found: number[] = [];
  const consider = (sources: readonly IndexedSource[]) => {
    for (const { policy, source } of sources) {
      if (found.at(-1) === policy) continue;
      if (matches(source.namespaceSelector, namespaceLabels) && matches(source.podSelector, podLabels))
        found.push(policy);
    }
  };
  for (const token of present) consider(index.byToken.get(token) ?? []);
  consider(index.always);
  return found.sort((a, b) => a - b).filter((policy, i) => policy !== found[i - 1]);
}

function indexByRarestToken(sources: readonly IndexedSource[], tokens: LabelTokens): Index {
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
