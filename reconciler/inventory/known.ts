import { isDeepStrictEqual } from "node:util";

interface Named {
  readonly name: string;
  readonly namespace?: string;
}

/** The objects of one kind in the order of the file. What equals its predecessor is its predecessor. */
export class Known<T extends Named> {
  readonly #previous: readonly T[];
  readonly #predecessors: ByName<T>;
  readonly #known: ByName<T> = new Map();
  readonly #objects: T[] = [];

  constructor(previous: readonly T[] = []) {
    this.#previous = previous;
    this.#predecessors = new Map();
    for (const object of previous) namesIn(this.#predecessors, object).set(object.name, object);
  }

  /** @returns false when there is one of that name already. */
  add(fresh: T): boolean {
    const names = namesIn(this.#known, fresh);
    if (names.has(fresh.name)) return false;
    const predecessor = this.#predecessors.get(fresh.namespace ?? "")?.get(fresh.name);
    const object = predecessor !== undefined && isDeepStrictEqual(predecessor, fresh) ? predecessor : fresh;
    names.set(object.name, object);
    this.#objects.push(object);
    return true;
  }

  /** The previous list itself when nothing changed, not even the order. */
  all(): readonly T[] {
    const isSame =
      this.#previous.length === this.#objects.length &&
      this.#objects.every((object, i) => object === this.#previous[i]);
    return isSame ? this.#previous : this.#objects;
  }
}

/** By namespace, then name: no string is made and kept for each pod. */
type ByName<T> = Map<string, Map<string, T>>;

function namesIn<T>(objects: ByName<T>, { namespace = "" }: Named): Map<string, T> {
  let names = objects.get(namespace);
  if (names === undefined) {
    names = new Map();
    objects.set(namespace, names);
  }
  return names;
}
