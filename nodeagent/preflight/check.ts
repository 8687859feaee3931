/** What a check is: one question about this node, asked before anything is touched. */
import type { NodeView } from "./node-view.ts";

export interface Finding {
  /** `blocks`: egress would not work, or would leave with the wrong address. `warns`: it may, or others are affected. */
  readonly severity: "blocks" | "warns";
  /** One line. */
  readonly found: string;
  /** One line: what to do. */
  readonly cure: string;
}

export interface PreflightSettings {
  /** Underlay interface; `null`: the one of the default route. */
  readonly interfaceName: string | null;
  /** UDP port of the overlay. */
  readonly overlayPort: number;
}

export interface Check {
  /** Stable: part of the JSON output. */
  readonly id: string;
  /** What is so when nothing is found. */
  readonly title: string;
  /** Reads only. `null`: it cannot be judged, because of something that another check names. */
  readonly find: (node: NodeView, settings: PreflightSettings) => Promise<readonly Finding[] | null>;
}

export const blocks = (found: string, cure: string): Finding => ({ severity: "blocks", found, cure });
export const warns = (found: string, cure: string): Finding => ({ severity: "warns", found, cure });
