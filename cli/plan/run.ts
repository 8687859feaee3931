/** `sallyport plan`: reads both sides, the cluster and the status branch, and says what changes. */
import { hasEffect } from "../../policies/effect/effect.ts";
import { preview } from "../../policies/preview.ts";
import { readInventory } from "../../reconciler/inventory/file.ts";
import { markdownReport } from "../report/markdown.ts";
import { textReport } from "../report/text.ts";
import { readBaseline } from "./baseline.ts";
import { type PlanDocument, planDocument } from "./document.ts";
import { withDrained } from "./drain.ts";
import { planReport } from "./report.ts";
import { readSides } from "./sides.ts";

export interface PlanFlags {
  readonly repo: string;
  readonly path: string;
  readonly base?: string;
  readonly head: string;
  readonly cluster?: string;
  readonly inventory: string;
  readonly drain: readonly string[];
  readonly json?: boolean;
  readonly markdown?: boolean;
}

/** A string says what is wrong with the flags. */
export async function makePlanDocument(flags: PlanFlags): Promise<PlanDocument | string> {
  const base = flags.base ?? (flags.drain.length > 0 ? flags.head : undefined);
  const [view, sides, { previous, allocation }] = await Promise.all([
    readInventory(flags.inventory),
    readSides({ repo: flags.repo, path: flags.path, base, head: flags.head }),
    readBaseline(flags.repo, flags.cluster),
  ]);
  const drained = withDrained(view, flags.drain);
  if (typeof drained === "string") return drained;
  const comparison = {
    base: sides.base.oid,
    head: sides.head.oid,
    notes: sides.notes,
    allocation,
    drain: flags.drain,
  };
  const {
    base: { reading: inForce },
    head,
  } = sides;
  const views = { before: view, after: drained };
  return planDocument(comparison, preview({ base: inForce, head: head.reading, views, previous }));
}

export function renderPlan(document: PlanDocument, flags: PlanFlags, stream: NodeJS.WriteStream): string {
  if (flags.json) return `${JSON.stringify(document)}\n`;
  const report = planReport(document);
  return flags.markdown ? markdownReport(report) : textReport(report, stream);
}

/** As `kubectl diff`: 0 no effect, 1 some, more than 1 trouble. */
export function planExitCode(document: PlanDocument): number {
  if (document.rejected || document.newErrors > 0) return 2;
  return hasEffect(document) ? 1 : 0;
}
