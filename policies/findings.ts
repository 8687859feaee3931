/**
 * What validation says about a tree of manifests. One finding is one thing a person can act on: it names the place,
 * what is wrong and the mend. The JSON shape printed by `sallyport check --json` is this interface, unchanged.
 */
import type { Code } from "./manifests/codes.ts";

/**
 * `error`: something written here will not take effect, or the file cannot be read. `warning`: it works, but probably
 * not as meant. `note`: worth knowing.
 */
export type Severity = "error" | "warning" | "note";

/** A Kubernetes object; `namespace` is absent for cluster-scoped kinds. */
export interface ObjectRef {
  readonly kind: string;
  readonly namespace?: string;
  readonly name: string;
}

/** A place in a file. `line` and `column` count from 1; `file` is relative to the root of the tree that was read. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface Finding extends Position {
  /** Stable, lower-case with dashes; documented in docs/findings.md. */
  readonly code: Code;
  readonly severity: Severity;
  /** One sentence without a trailing line break. */
  readonly message: string;
  /** What to write instead, or what to do. */
  readonly fix: string;
  readonly object?: ObjectRef;
}
