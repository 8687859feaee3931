/** Sorting and naming that every step of the plan shares, so that none depends on the order of its input. */

/** By UTF-16 code units: the same on every machine, unlike `localeCompare`. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return compareText(a.name, b.name);
}

export function qualifiedName({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** "worker1", "worker1 and worker2", "worker1, worker2, worker3 and 9 more". */
export function listNames(names: readonly string[], atMost = 3): string {
  const shown = names.slice(0, atMost);
  const more = names.length - shown.length;
  const last = more > 0 ? `${more} more` : shown.pop();
  return shown.length === 0 ? (last ?? "none") : `${shown.join(", ")} and ${last}`;
}
