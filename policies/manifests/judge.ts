/** Whether a commit can come into force: one with an error is refused as a whole, and so is one that declares nothing. */
import type { Finding } from "../findings.ts";
import type { Intent } from "../intent.ts";
import type { Reading } from "./read.ts";

export type Judged =
  /** `findings` are warnings and notes. */
  | { readonly kind: "good"; readonly intent: Intent; readonly findings: readonly Finding[] }
  | { readonly kind: "rejected"; readonly findings: readonly Finding[] };

export function judge({ intent, findings }: Reading): Judged {
  const hasErrors = findings.some(({ severity }) => severity === "error");
  if (intent !== undefined && !hasErrors) return { kind: "good", intent, findings };
  return { kind: "rejected", findings: hasErrors ? findings : [...findings, emptyTree] };
}

const emptyTree: Finding = {
  code: "empty-tree",
  severity: "error",
  message: "the tree declares no object of Sallyport, which is not taken for 'remove all egress'",
  fix: "to remove all egress on purpose, keep the EgressCluster manifest in the tree",
  file: ".",
  line: 1,
  column: 1,
};
