/** All that the status pages are made of: values only, so that equal input gives equal pages. */
import type { Finding } from "../../policies/findings.ts";
import type { Intent } from "../../policies/intent.ts";
import type { Plan } from "../../policies/model.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";

export interface CommitRef {
  readonly oid: string;
  /** First line of the message, as its author wrote it. */
  readonly subject: string;
}

/** What became of a commit. All but `waiting` are final. */
export type CommitOutcome =
  | { readonly kind: "applied" }
  | { readonly kind: "waiting" }
  | { readonly kind: "no-effect" }
  | { readonly kind: "superseded"; readonly by: string }
  | { readonly kind: "rejected"; readonly findings: readonly Finding[] };

export interface NodeProgress {
  /** Of the newest signal for this node. */
  readonly generation: number;
  readonly hash: string;
  readonly connected: boolean;
  /** The newest report. */
  readonly report?: NodeReport;
  /** The newest state that the node reported as converged; older than the plan's while it is catching up. */
  readonly confirmed?: NodeState;
}

export interface StatusInput {
  readonly cluster: string;
  /** Address without credentials. */
  readonly repository: string;
  /** The commit whose manifests are in force; null before the first. */
  readonly applied: CommitRef | null;
  /** The newest commit that was looked at, and what became of it. */
  readonly seen: { readonly commit: CommitRef; readonly outcome: CommitOutcome } | null;
  /** Of the applied commit, like the plan. */
  readonly intent: Intent;
  readonly plan: Plan;
  /** By node name; a node of the plan that is missing here was never signalled. */
  readonly nodes: ReadonlyMap<string, NodeProgress>;
  /** What the reconciler waits for, one sentence each. */
  readonly waiting: readonly string[];
}
