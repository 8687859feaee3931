import type { Finding, Position } from "../../policies/findings.ts";
import type { Code } from "../../policies/manifests/codes.ts";
import type { ManifestFile } from "../../policies/manifests/file.ts";

/** What one run of `check` has to say, whatever the format. */
export interface Checked {
  readonly files: readonly ManifestFile[];
  /** Those that remain after the repairs. */
  readonly findings: readonly Finding[];
  readonly repaired: readonly Repaired[];
}

/** A mistake that `--fix` put right; its place is that in the file as it was. */
export interface Repaired extends Position {
  readonly code: Code;
  readonly message: string;
}
