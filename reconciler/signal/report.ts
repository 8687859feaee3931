import { z } from "zod";
import type { NodeReport } from "../../policies/nodestate.ts";

/** The shape of a report at the door; unknown fields are dropped, so that a newer agent can talk to an older reconciler. */
const NodeReportSchema = z.object({
  node: z.string().min(1).max(253),
  generation: z.int().min(0),
  hash: z.string().max(64),
  outcome: z.enum(["converged", "failed"]),
  error: z.string().max(2_000).optional(),
  kernel: z.object({
    held: z.array(z.string().max(45)).max(16_383),
    gateways: z.array(z.object({ id: z.int().min(1).max(16_383), mac: z.string().max(17) })).max(16_383),
    pods: z.int().min(0),
    heldPods: z.array(z.string().max(512)).max(10_000),
  }),
  changes: z.array(z.string().max(500)).max(50),
});

/** @returns the report, or one line that says what is wrong with it. */
export function parseReport(body: unknown): NodeReport | string {
  const result = NodeReportSchema.safeParse(body);
  if (result.success) return result.data as NodeReport;
  const issue = result.error.issues[0];
  return `report is malformed at ${issue?.path.join(".")}: ${issue?.message}`;
}
