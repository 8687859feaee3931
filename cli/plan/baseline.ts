/** Where the floating IPs are now, as far as this clone knows. */
import { nothingBefore, type Previous } from "../../policies/model.ts";
import { findStoredState } from "../../reconciler/status/local.ts";
import type { AllocationSource } from "./document.ts";
import { succeed } from "./sides.ts";

export interface Baseline {
  readonly previous: Previous;
  readonly allocation: AllocationSource;
}

/** @throws Error with one line when the repository cannot be read. */
export async function readBaseline(repo: string, cluster: string | undefined): Promise<Baseline> {
  const found = succeed(await findStoredState(repo, cluster));
  if (found.kind === "none") return { previous: nothingBefore, allocation: { kind: "new", reason: found.reason } };
  const { state, commit, branch } = found;
  return { previous: state.previous, allocation: { kind: "stored", branch, commit } };
}
