/** The truth that status is made of: what the kernel was seen to hold. */
import type { NodeReport, Signal } from "../policies/nodestate.ts";
import { FAMILIES } from "./addresses.ts";
import type { Convergence } from "./converge.ts";
import { floatingAddresses } from "./floating.ts";
import type { ObservedKernel } from "./observe.ts";
import { setName } from "./skeleton/words.ts";

const CHANGES_MAX = 50;
const CHANGE_LENGTH_MAX = 500;

/** Who the agent is to others, and what it holds by lease. */
export type LeaseStanding = Pick<NodeReport, "identity" | "lease">;

/** @param applied the last signal that was converged to, or tried; `null`: none yet */
export function reportOf(
  node: string,
  applied: Signal | null,
  convergence: Convergence,
  standing: LeaseStanding,
): NodeReport {
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
    ...standing,
    changes: abridged(convergence.changes),
  };
}

function seenIn(observed: ObservedKernel | null): Pick<NodeReport["kernel"], "held" | "gateways" | "pods"> {
  const gateways = observed?.gateway?.sets.get("gateways") ?? new Map<string, string>();
  return {
    held: floatingAddresses(observed?.links ?? []).map(({ ip }) => ip),
    gateways: [...gateways].map(([id, mac]) => ({ id: Number(id), mac })).sort((a, b) => a.id - b.id),
    pods: podsIn(observed),
  };
}

/** A pod has one MAC address and an element for each of its addresses. */
function podsIn(observed: ObservedKernel | null): number {
  const elements = FAMILIES.flatMap((family) => [...(observed?.main?.sets.get(setName("pods", family))?.keys() ?? [])]);
  return new Set(elements.map((element) => element.split(" . ")[1])).size;
}

function abridged(changes: readonly string[]): readonly string[] {
  const words = changes.map((change) => change.slice(0, CHANGE_LENGTH_MAX));
  if (words.length <= CHANGES_MAX) return words;
  return [...words.slice(0, CHANGES_MAX - 1), `and ${words.length - CHANGES_MAX + 1} more`];
}
