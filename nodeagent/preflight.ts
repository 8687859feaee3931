/** What this node lacks, found out before anything is touched. Reads only. */
import { bypassChecks } from "./preflight/bypass.ts";
import type { Check, Finding, PreflightSettings } from "./preflight/check.ts";
import { forwardChecks } from "./preflight/forward.ts";
import { inputChecks } from "./preflight/input.ts";
import { kernelChecks } from "./preflight/kernel.ts";
import { markChecks } from "./preflight/marks.ts";
import { nameChecks } from "./preflight/names.ts";
import { type NodeView, openNodeView } from "./preflight/node-view.ts";
import { sysctlChecks } from "./preflight/sysctls.ts";
import { toolChecks } from "./preflight/tools.ts";

export interface CheckResult {
  readonly id: string;
  readonly title: string;
  /** `unknown`: it could not be judged, because of something that another check names. */
  readonly outcome: "passes" | "warns" | "blocks" | "unknown";
  readonly findings: readonly Finding[];
}

const checks: readonly Check[] = [
  ...toolChecks,
  ...kernelChecks,
  ...nameChecks,
  ...markChecks,
  ...forwardChecks,
  ...inputChecks,
  ...sysctlChecks,
  ...bypassChecks,
];

/** One result for each check, always in the same order. */
export function preflight(
  settings: PreflightSettings,
  node: NodeView = openNodeView(),
): Promise<readonly CheckResult[]> {
  return Promise.all(
    checks.map(async ({ id, title, find }) => {
      const findings = await find(node, settings);
      return { id, title, outcome: outcomeOf(findings), findings: findings ?? [] };
    }),
  );
}

function outcomeOf(findings: readonly Finding[] | null): CheckResult["outcome"] {
  if (findings === null) return "unknown";
  if (findings.length === 0) return "passes";
  return findings.some(({ severity }) => severity === "blocks") ? "blocks" : "warns";
}
