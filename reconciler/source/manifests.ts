/** Which files of a tree are manifests, and which of them cannot be read: the same answer for every kind of source. */
import { posix } from "node:path";
import { type FileProblem, isManifestPath, type ManifestFile } from "../../policies/manifests/file.ts";
import type { SourceLimits } from "./source.ts";

export type EntryKind = "folder" | "file" | "symlink" | "submodule" | "other";

export interface SeenEntry {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Blob id; "" where it is not known. */
  readonly blobId: string;
  /** Of a file; absent where a server left it out as too large. */
  readonly size?: number;
  /** Of a symbolic link, as it is written. */
  readonly target?: string;
}

export interface Selection {
  /** What to read, within the limits: `from` is the file itself or, for a symbolic link, its target. */
  readonly wanted: readonly { readonly path: string; readonly from: SeenEntry }[];
  /** What cannot be read is an entry too, hence a finding rather than a file that is silently not there. */
  readonly problems: readonly ManifestFile[];
}

/** `under` is the folder whose entries these are. Where a limit is exceeded nothing is wanted: half a tree is no tree. */
export function selectManifests(entries: Iterable<SeenEntry>, under: string, limits: SourceLimits): Selection {
  const seen = countedEntries(entries, under, limits);
  if (seen === undefined) return treeTooLarge(under);
  const byPath = new Map(seen.map((entry) => [entry.path, entry]));
  const wanted = new Map<string, SeenEntry>();
  const problems: ManifestFile[] = [];
  let bytesLeft = limits.totalBytes;
  for (const entry of seen.filter(isOfInterest)) {
    const from = entry.kind === "symlink" ? byPath.get(linkTarget(entry)) : entry;
    const problem = problemOf(entry, from, under, wanted.has(entry.path), limits);
    if (problem !== undefined || from === undefined) {
      problems.push(problemFile(entry.path, problem ?? "symlink-outside", entry.blobId));
      continue;
    }
    bytesLeft -= from.size ?? 0;
    if (bytesLeft < 0) return treeTooLarge(under);
    wanted.set(entry.path, from);
  }
  return { wanted: [...wanted].map(([path, from]) => ({ path, from })), problems };
}

export function problemFile(path: string, problem: FileProblem, blobId = ""): ManifestFile {
  return { path: path.replace(unprintable, "\uFFFD"), blobId, problem };
}

export function sortByPath(files: ManifestFile[]): ManifestFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

export function isPrintable(path: string): boolean {
  return path.search(unprintable) < 0;
}

/** Control, format (bidirectional marks among them) and separator characters, and what was no UTF-8. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFD]/gu;
const unsafeName = /^(\.|\.\.|\.git|)$/i;

/** Undefined where there are too many entries or they are too deep; `entries` may be endless. */
function countedEntries(
  entries: Iterable<SeenEntry>,
  under: string,
  limits: SourceLimits,
): readonly SeenEntry[] | undefined {
  const counted: SeenEntry[] = [];
  const depthOfUnder = under === "" ? 0 : under.split("/").length;
  for (const entry of entries) {
    if (counted.length === limits.entries) return undefined;
    if (entry.path.split("/").length - depthOfUnder > limits.depth) return undefined;
    counted.push(entry);
  }
  return counted;
}

function isOfInterest(entry: SeenEntry): boolean {
  return entry.kind === "submodule" || (entry.kind !== "folder" && isManifestPath(entry.path));
}

function linkTarget(link: SeenEntry): string {
  const target = link.target ?? "";
  return posix.isAbsolute(target) ? target : posix.join(posix.dirname(link.path), target);
}

function problemOf(
  entry: SeenEntry,
  from: SeenEntry | undefined,
  under: string,
  isRepeated: boolean,
  limits: SourceLimits,
): FileProblem | undefined {
  // `under` is the caller's word: "/srv/manifests" and "../manifests" are fine there.
  const below = under === "" ? entry.path : entry.path.slice(under.length + 1);
  const hasUnsafeName = below.split("/").some((name) => unsafeName.test(name));
  if (isRepeated || hasUnsafeName || !isPrintable(entry.path)) return "unsafe-name";
  if (entry.kind === "submodule") return "submodule";
  if (entry.kind === "symlink" && from?.kind !== "file") return "symlink-outside";
  if (from?.kind !== "file") return "not-a-file";
  return from.size === undefined || from.size > limits.fileBytes ? "too-large" : undefined;
}

function treeTooLarge(under: string): Selection {
  return { wanted: [], problems: [problemFile(under, "tree-too-large")] };
}
