import type { LabelTokens } from "./labeltokens.ts";
import type { Labels } from "./view.ts";

export interface Place<T> {
  answer: T | undefined;
  /** By the next token. */
  next: Map<number, Place<T>> | undefined;
}

/**
 * One place for all pods whose labels no selector can tell apart (nor the order in which they are written). A tree, since
 * to find a place in it nothing has to be made: no list of tokens, no text to look up.
 */
export class LabelMemory<T> {
  readonly #tokens: LabelTokens;
  readonly #root: Place<T> = { answer: undefined, next: undefined };
  readonly #namespaces = new WeakMap<Labels, Place<T>>();
  /** Places there are; grows with each that is asked for the first time. */
  size = 1;

  constructor(tokens: LabelTokens) {
    this.#tokens = tokens;
  }

  placeOf(namespaceLabels: Labels, podLabels: Labels): Place<T> {
    let namespace = this.#namespaces.get(namespaceLabels);
    if (namespace === undefined) {
      namespace = this.#tokens.walkNamespace(namespaceLabels, this.#root, this.#step);
      this.#namespaces.set(namespaceLabels, namespace);
    }
    return this.#tokens.walkPod(podLabels, namespace, this.#step);
  }

  readonly #step = (place: Place<T>, token: number): Place<T> => {
    place.next ??= new Map();
    const known = place.next.get(token);
    if (known !== undefined) return known;
    const added = { answer: undefined, next: undefined };
    place.next.set(token, added);
    this.size++;
    return added;
  };
}
