/** A tree of manifest files to the intent it declares and everything there is to say about it. Pure and total. */
import type { Finding } from "../findings.ts";
import type { Intent } from "../intent.ts";
import type { ParsedFile } from "./declared.ts";
import type { ManifestFile } from "./file.ts";
import { parseFile } from "./parse.ts";
import { RULES } from "./rules/rules.ts";
import { seeTogether } from "./rules/tree.ts";
import { sortFindings } from "./sort.ts";

export interface Reading {
  /**
   * As much as could be read, also when there are errors: whether those reject a commit is the caller's decision.
   * Undefined when the tree declares no object of ours at all, which must never be taken for "remove everything"; whoever
   * means that leaves an EgressCluster in the tree.
   */
  readonly intent: Intent | undefined;
  /** Sorted by file, line and column; the same for any order of the files. */
  readonly findings: readonly Finding[];
}

/** parseFile for each, then assemble. */
export function readManifests(files: Iterable<ManifestFile>): Reading {
  return assemble(Array.from(files, parseFile));
}

/** Sees the parsed files of one tree together. */
export function assemble(files: readonly ParsedFile[]): Reading {
  const isSorted = files.every(({ path }, i) => i === 0 || (files[i - 1] as ParsedFile).path <= path);
  const sorted = isSorted ? files : files.toSorted((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
  const tree = seeTogether(sorted);
  const findings = [sorted.flatMap((file) => file.findings), ...RULES.map((rule) => rule(tree))].flat();
  return { intent: tree.objects.length === 0 ? undefined : tree.intent, findings: sortFindings(findings) };
}
