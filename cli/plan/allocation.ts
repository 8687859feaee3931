import type { Span } from "../report/report.ts";
import type { AllocationSource } from "./document.ts";

export function allocationInWords(allocation: AllocationSource): Span[] {
  if (allocation.kind === "new") return [`${allocation.reason}: on which nodes floating IPs are now is guessed`];
  const { branch, commit } = allocation;
  return ["floating IPs are where ", { name: branch }, " has them at ", { name: commit.slice(0, 12) }];
}
