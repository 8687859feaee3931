/** Where the floating IPs are now, as far as this clone knows. */
import { nothingBefore, type Previous } from "../../policies/model.ts";
import { findStoredState } from "../../reconciler/status/local.ts";
import type { AllocationSource } from "./document.ts";
import { succeed } from "./sides.ts";

export interface Baseline {
  readonly previous: Previous;
  readonly allocation: AllocationSource;
}

/** A folder that is in no repository has no status branch. @throws Error with one line when git cannot be run. */
export async function readBaseline(folder: string, cluster: string | undefined): Promise<Baseline> {
  const found = succeed(await findStoredState(folder, cluster));
  if (found.kind === "none") return { previous: nothingBefore, allocation: { kind: "new", reason: found.reason } };
  const { state, commit, branch } = found;
  return { previous: state.previous, allocation: { kind: "stored", branch, commit } };
}
