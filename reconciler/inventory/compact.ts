import type { PodView } from "../../policies/view.ts";

/** Strings that hold no others in memory: those of a parser may be slices of all it read. */
export function detach<T>(value: T): T {
  return JSON.parse(JSON.stringify(value)) as T;
}

/** Pods of one ReplicaSet have the same labels, pods of one node its name: one copy of each is enough. */
export class Sharing {
  readonly #strings = new Map<string, string>();
  readonly #objects = new Map<string, unknown>();

  pod(pod: PodView): PodView {
    return {
      ...pod,
      namespace: this.#string(pod.namespace),
      node: this.#string(pod.node),
      labels: this.#object(pod.labels),
      workload: this.#object(pod.workload),
    };
  }

  #string(text: string): string {
    return getOrSet(this.#strings, text, text);
  }

  #object<T>(value: T): T {
    return getOrSet(this.#objects, JSON.stringify(value), value) as T;
  }
}

function getOrSet<T>(map: Map<string, T>, key: string, value: T): T {
  const known = map.get(key);
  if (known !== undefined) return known;
  map.set(key, value);
  return value;
}
