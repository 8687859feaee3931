/**
 * A repository of manifests as the loop sees it: which commit is wanted now, and what files it holds. Remote
 * repositories, local ones and plain directories yield the same entries for the same tree.
 */

import type { ManifestFile } from "../../policies/manifests/file.ts";
import { MAX_FILE_BYTES } from "../../policies/manifests/limits.ts";
import type { GitFailure } from "./failure.ts";
import type { Commit } from "./objects.ts";
import type { FoundRef } from "./refs.ts";

/** `missing`: the repository answers and does not have the ref. */
export type Head = FoundRef | GitFailure;

/** All manifests of one commit, sorted by path. Paths are relative to the root of the repository. */
export interface Tree {
  readonly kind: "tree";
  readonly commit: Commit;
  readonly files: readonly ManifestFile[];
}

export interface GitSource {
  /** Rejects only with the signal's reason. */
  head(signal: AbortSignal): Promise<Head>;
  /** `commit` is a full object id. Rejects only with the signal's reason. */
  read(commit: string, signal: AbortSignal): Promise<Tree | GitFailure>;
}

export interface SourceLimits {
  /** A larger manifest becomes an entry with a problem. */
  readonly fileBytes: number;
  /** Of all manifests together. */
  readonly totalBytes: number;
  /** Files and folders looked at, manifests or not. */
  readonly entries: number;
  /** Of nested folders. */
  readonly depth: number;
}

export const defaultLimits: SourceLimits = {
  fileBytes: MAX_FILE_BYTES,
  totalBytes: 64 * 1024 * 1024,
  entries: 50_000,
  depth: 32,
};
