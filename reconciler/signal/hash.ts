import { createHash } from "node:crypto";
import type { NodeState } from "../../policies/nodestate.ts";

/** Equal states have equal hashes: a plan lists everything in a fixed order, so its JSON text is canonical. */
export const hashState = (state: NodeState): string =>
  createHash("sha256").update(JSON.stringify(state)).digest("hex").slice(0, 16);
