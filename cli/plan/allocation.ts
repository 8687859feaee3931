import type { Span } from "../report/report.ts";
import type { AllocationSource } from "./document.ts";

export function allocationInWords(allocation: AllocationSource): Span[] {
  if (allocation.kind === "new") return [`${allocation.reason}: on which nodes the floating IPs are now is a guess`];
  const { branch, commit } = allocation;
  return ["floating IPs start where ", { name: branch }, " has them at ", { name: commit.slice(0, 12) }];
}
