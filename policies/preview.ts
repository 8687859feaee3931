/** What a commit would do if it came into force: its effect on traffic, or why it would be rejected. */
import { type Effect, effect } from "./effect/effect.ts";
import type { Finding } from "./findings.ts";
import type { Intent } from "./intent.ts";
import { DEFAULT_SETTINGS } from "./manifests/cluster.ts";
import { judge } from "./manifests/judge.ts";
import type { Reading } from "./manifests/read.ts";
import { mergeFindings } from "./merge-findings.ts";
import { type Previous, plan } from "./plan.ts";
import type { View } from "./view.ts";

export interface PreviewInput {
  /** What is in force before. */
  readonly base: Reading;
  readonly head: Reading;
  /** The two differ where more than the commit is to be previewed, as a node's drain. */
  readonly views: { readonly before: View; readonly after: View };
  /** Where the floating IPs are, and which policies were in effect. */
  readonly previous: Previous;
}

export interface PreviewFinding extends Finding {
  /** The base does not have it. */
  readonly new: boolean;
}

export interface Preview {
  /** A rejected commit has no effect. */
  readonly rejected: boolean;
  readonly effect: Effect;
  /** Of the head; of reading and planning. */
  readonly findings: readonly PreviewFinding[];
}

const NOTHING_DECLARED: Intent = { groups: [], policies: [], cluster: DEFAULT_SETTINGS };

export function preview({ base, head, views, previous }: PreviewInput): Preview {
  const inForce = base.intent ?? NOTHING_DECLARED;
  const judged = judge(head);
  const before = plan(inForce, views.before, previous);
  // Planned also when rejected: who was there first says which policy is to be told about a shared group.
  const landed = head.intent === undefined ? undefined : plan(head.intent, views.after, before.next);
  const rejected = judged.kind === "rejected" || landed === undefined;
  const after = rejected
    ? { intent: inForce, view: views.after, plan: plan(inForce, views.after, before.next) }
    : { intent: judged.intent, view: views.after, plan: landed };
  return {
    rejected,
    effect: effect({ intent: inForce, view: views.before, plan: before }, after),
    findings: markNew(
      mergeFindings({ intent: head.intent, findings: judged.findings }, landed?.findings ?? []),
      mergeFindings(base, before.findings),
    ),
  };
}

function markNew(findings: readonly Finding[], known: readonly Finding[]): PreviewFinding[] {
  const old = new Set(known.map(identify));
  return findings.map((finding) => ({ ...finding, new: !old.has(identify(finding)) }));
}

/** By what it says and not by where, also not by where else it points: lines move. */
function identify({ code, message, object, file }: Finding): string {
  return JSON.stringify([code, message.replace(/:\d+:\d+/g, ""), object ?? file]);
}
