/** What `sallyport plan --json` prints; docs/json.md describes it. Only ever extended. */
import type { Effect } from "../../policies/effect/effect.ts";
import type { Preview, PreviewFinding } from "../../policies/preview.ts";
import { countSeverity } from "../print.ts";

export interface PlanDocument extends Comparison, Effect {
  /** The head has errors and would not come into force; all lists are empty then. */
  readonly rejected: boolean;
  readonly findings: readonly PreviewFinding[];
  readonly errors: number;
  readonly warnings: number;
  /** Errors that the base does not have already. */
  readonly newErrors: number;
}

/** What is compared with what. */
export interface Comparison {
  /** Commit that stands for what is in force before; null where nothing is. */
  readonly base: string | null;
  readonly head: string;
  /** Why this commit is the base, and what else a reader must know of the comparison: sentences without a full stop. */
  readonly notes: readonly string[];
  readonly allocation: AllocationSource;
  /** Nodes that are previewed as drained. */
  readonly drain: readonly string[];
}

export function planDocument(comparison: Comparison, { rejected, effect, findings }: Preview): PlanDocument {
  const isNew = (finding: PreviewFinding) => finding.new;
  return {
    ...comparison,
    rejected,
    ...effect,
    findings,
    errors: countSeverity(findings, "error"),
    warnings: countSeverity(findings, "warning"),
    newErrors: countSeverity(findings.filter(isNew), "error"),
  };
}

/** Where the floating IPs are taken to be before. */
export type AllocationSource =
  | { readonly kind: "stored"; readonly branch: string; readonly commit: string }
  /** Planned as for a new cluster: the nodes named are guesses. */
  | { readonly kind: "new"; readonly reason: string };
