/**
 * What the kernel's `mine` holds, as far as is known: writes take milliseconds, one is under way at a time, and one that
 * failed may have taken effect. In doubt an address is taken to be inside.
 */
import type { Output } from "./io.ts";

export interface Mine {
  /** Grows with every change, and with every write that ended. */
  revision(): number;
  /** The set of this generation stands: nothing of an earlier process can reach the gate any more. */
  replaced(): boolean;
  settled(): boolean;
  /** Surely inside. */
  contains(ip: string): boolean;
  mayContain(ip: string): boolean;
  /** All that it may contain. */
  possible(): Iterable<string>;
  /** The next write towards `wanted`; none while one is under way or nothing differs. */
  next(wanted: ReadonlySet<string>): Output[];
  written(write: number, done: boolean): void;
}

interface Write {
  readonly id: number;
  readonly replace: boolean;
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

export function createMine(generation: number): Mine {
  const inside = new Set<string>();
  const unsure = new Set<string>();
  let pending: Write | null = null;
  let replaced = false;
  let writes = 0;
  let revision = 0;

  const mayContain = (ip: string) => inside.has(ip) || unsure.has(ip);

  function begin(replace: boolean, add: readonly string[], remove: readonly string[]): Output[] {
    writes += 1;
    pending = { id: writes, replace, add, remove };
    for (const ip of [...add, ...remove]) {
      inside.delete(ip);
      unsure.add(ip);
    }
    if (replace) return [{ do: "replace-mine", write: writes, generation, ips: add }];
    return [{ do: "change-mine", write: writes, generation, add, remove }];
  }

  return {
    revision: () => revision,
    replaced: () => replaced,
    settled: () => replaced && pending === null && unsure.size === 0,
    contains: (ip) => inside.has(ip),
    mayContain,
    *possible() {
      yield* inside;
      yield* unsure;
    },
    next(wanted) {
      if (pending !== null) return [];
      if (!replaced) return begin(true, [...wanted], []);
      const add = [...wanted].filter((ip) => !inside.has(ip));
      const remove = [...inside, ...unsure].filter((ip) => !wanted.has(ip));
      return add.length + remove.length === 0 ? [] : begin(false, add, remove);
    },
    written(write, done) {
      if (pending?.id !== write) return;
      const { replace, add, remove } = pending;
      pending = null;
      revision += 1;
      if (!done) return;
      if (replace) {
        replaced = true;
        inside.clear();
        unsure.clear();
      }
      for (const ip of add) {
        unsure.delete(ip);
        inside.add(ip);
      }
      for (const ip of remove) unsure.delete(ip);
    },
  };
}
