import { listNames } from "../../policies/text.ts";
import type { View } from "../../policies/view.ts";

/** The view as if these nodes carried the annotation sallyport.dev/drain; or what is wrong with the names. */
export function withDrained(view: View, names: readonly string[]): View | string {
  const known = new Set(view.nodes.map(({ name }) => name));
  const unknown = names.find((name) => !known.has(name));
  if (unknown !== undefined) return `there is no node ${unknown}; there are ${listNames([...known].sort(), 20)}`;
  const drained = new Set(names);
  return { ...view, nodes: view.nodes.map((node) => (drained.has(node.name) ? { ...node, draining: true } : node)) };
}
