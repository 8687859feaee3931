/** For agents whose states order no lease. */
import type { Leasing } from "../../nodeagent/leasing/leasing.ts";

export const noLeasing: Leasing = {
  follow: async () => [],
  decide: () => {},
  conflicts: () => [],
  effective: (state) => state,
  report: () => null,
  publicKey: "",
  witness: "",
  park: async () => {},
};
