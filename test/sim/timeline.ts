/** Virtual time: what is to happen when, in a heap; what falls on one moment happens in the order in which it was asked for. */

export interface Timeline {
  now(): number;
  after(delayMs: number, happens: () => void): void;
  /** Runs everything up to `until`. @returns how many things happened */
  run(until: number): number;
}

interface Happening {
  readonly at: number;
  readonly order: number;
  readonly happens: () => void;
}

const isBefore = (a: Happening, b: Happening) => a.at < b.at || (a.at === b.at && a.order < b.order);

export function createTimeline(): Timeline {
  const heap: Happening[] = [];
  let now = 0;
  let asked = 0;

  function push(item: Happening): void {
    let at = heap.length;
    heap.push(item);
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(item, heap[parent] as Happening)) break;
      heap[at] = heap[parent] as Happening;
      at = parent;
    }
    heap[at] = item;
  }

  function pop(): Happening {
    const first = heap[0] as Happening;
    const last = heap.pop() as Happening;
    if (heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Happening, heap[child] as Happening)) child += 1;
      if (!isBefore(heap[child] as Happening, last)) break;
      heap[at] = heap[child] as Happening;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  return {
    now: () => now,
    after(delayMs, happens) {
      asked += 1;
      push({ at: now + Math.max(0, delayMs), order: asked, happens });
    },
    run(until) {
      let steps = 0;
      while (heap.length > 0 && (heap[0] as Happening).at <= until) {
        const { at, happens } = pop();
        now = at;
        happens();
        steps += 1;
      }
      now = until;
      return steps;
    },
  };
}
