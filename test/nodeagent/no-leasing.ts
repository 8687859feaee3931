/** For agents whose states order no lease. */
import type { Leasing } from "../../nodeagent/leasing/leasing.ts";

export const noLeasing: Leasing = {
  follow: async () => [],
  decide: () => {},
  lookForConflicts: async () => [],
  effective: (state) => state,
  report: () => null,
  publicKey: "",
  witness: "",
  park: async () => {},
};
