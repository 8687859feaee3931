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
  identity: z
    .object({
      publicKey: z.string().regex(/^[A-Za-z0-9_-]{43}$/),
      underlayMac: z
        .string()
        .regex(/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/)
        .nullable(),
      witness: z.string().min(1).max(400),
    })
    .nullable()
    .default(null),
  lease: z
    .object({
      held: z
        .array(
          z.object({
            ip: z.string().max(45),
            epoch: z.int().min(1),
            proof: z.object({ grounds: z.record(z.string().max(20), z.int().min(0)), witnesses: z.int().min(0) }),
          }),
        )
        .max(16_383),
      pending: z.array(z.string().max(45)).max(16_383),
      witnesses: z.object({ version: z.int().min(0), members: z.array(z.string().max(400)).max(9) }),
      witnessesSettled: z.boolean(),
    })
    .nullable()
    .default(null),
  changes: z.array(z.string().max(500)).max(50),
});

/** @returns the report, or one line that says what is wrong with it. */
export function parseReport(body: unknown): NodeReport | string {
  const result = NodeReportSchema.safeParse(body);
  if (result.success) return result.data as NodeReport;
  const issue = result.error.issues[0];
  return `report is malformed at ${issue?.path.join(".")}: ${issue?.message}`;
}
