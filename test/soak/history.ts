/** What was in force when. Pure: times are arguments. */
import { type Declaration, type PodClass, type Source, sourceOf } from "./manifests.ts";

interface Entry {
  readonly declaration: Declaration;
  readonly pushedMs: number;
  /** All nodes had confirmed it; null: not yet, or never. */
  appliedMs: number | null;
}

export interface History {
  /** Before it is pushed. @returns to be told when all nodes have confirmed it */
  push(declaration: Declaration, nowMs: number): { applied(nowMs: number): void };
  /** Every source that a pod of the class may have had in that time: the one in force, and while that changes, both. */
  allowed(podClass: PodClass, fromMs: number, toMs: number): ReadonlySet<Source>;
  last(): Declaration;
}

export function createHistory(first: Declaration): History {
  const entries: Entry[] = [{ declaration: first, pushedMs: Number.NEGATIVE_INFINITY, appliedMs: 0 }];
  const endsMs = (index: number) =>
    Math.min(...entries.slice(index + 1).map(({ appliedMs }) => appliedMs ?? Number.POSITIVE_INFINITY));
  return {
    push(declaration, nowMs) {
      const entry: Entry = { declaration, pushedMs: nowMs, appliedMs: null };
      entries.push(entry);
      return {
        applied(atMs) {
          entry.appliedMs = atMs;
        },
      };
    },
    allowed(podClass, fromMs, toMs) {
      const inForce = entries.filter(({ pushedMs }, index) => pushedMs <= toMs && endsMs(index) >= fromMs);
      return new Set(inForce.map(({ declaration }) => sourceOf(declaration, podClass)));
    },
    last: () => (entries.at(-1) as Entry).declaration,
  };
}
