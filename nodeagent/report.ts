/** The truth that status is made of: what the kernel was seen to hold. */
import type { NodeReport, Signal } from "../policies/nodestate.ts";
import { ADDRESS_LABEL_SUFFIX } from "./constants.ts";
import type { Convergence } from "./converge.ts";
import type { ObservedKernel } from "./observe.ts";

const CHANGES_MAX = 50;
const CHANGE_LENGTH_MAX = 500;

/** @param applied the last signal that was converged to, or tried; `null`: none yet */
export function reportOf(node: string, applied: Signal | null, convergence: Convergence): NodeReport {
  return {
    node,
    generation: applied?.generation ?? 0,
    hash: applied?.hash ?? "",
    outcome: convergence.error === null ? "converged" : "failed",
    ...(convergence.error === null ? {} : { error: convergence.error }),
    kernel: {
      ...seenIn(convergence.observed),
      heldPods: convergence.unknownPods.map(({ namespace, name }) => `${namespace}/${name}`),
    },
    changes: abridged(convergence.changes),
  };
}

function seenIn(observed: ObservedKernel | null): Pick<NodeReport["kernel"], "held" | "gateways" | "pods"> {
  const addresses = observed?.links.flatMap(({ name, addresses }) =>
    addresses.map((address) => ({ name, ...address })),
  );
  const gateways = observed?.gateway?.sets.get("gateways") ?? new Map<string, string>();
  return {
    held: (addresses ?? []).filter(({ name, label }) => label === `${name}${ADDRESS_LABEL_SUFFIX}`).map(({ ip }) => ip),
    gateways: [...gateways].map(([id, mac]) => ({ id: Number(id), mac })).sort((a, b) => a.id - b.id),
    pods: observed?.main?.sets.get("pods")?.size ?? 0,
  };
}

function abridged(changes: readonly string[]): readonly string[] {
  const words = changes.map((change) => change.slice(0, CHANGE_LENGTH_MAX));
  if (words.length <= CHANGES_MAX) return words;
  return [...words.slice(0, CHANGES_MAX - 1), `and ${words.length - CHANGES_MAX + 1} more`];
}
