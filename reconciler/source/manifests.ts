/** Which files of a tree are manifests, and which of them cannot be read: the same answer for every kind of source. */
import type { ManifestFile } from "./manifestfile.ts";
import type { SourceLimits } from "./source.ts";

export type EntryKind = "folder" | "file" | "symlink" | "submodule" | "other";

export interface SeenEntry {
  /** Relative to the root of the repository. */
  readonly path: string;
  readonly kind: EntryKind;
  /** Blob id, where known. */
  readonly id?: string;
  /** Absent for a file that a server left out as too large. */
  readonly size?: number;
}

export interface Selection {
  /** Manifests whose content is to be read; each has a `size` within the limits. */
  readonly wanted: readonly SeenEntry[];
  /** What cannot be read becomes an entry too, hence a finding rather than a file that is silently not there. */
  readonly problems: readonly ManifestFile[];
}

/** `under` is the folder whose entries these are. Where a limit is exceeded nothing is wanted: half a tree is no tree. */
export function selectManifests(entries: Iterable<SeenEntry>, under: string, limits: SourceLimits): Selection {
  const wanted = new Map<string, SeenEntry>();
  const problems: ManifestFile[] = [];
  let count = 0;
  let bytes = 0;
  for (const entry of entries) {
    count++;
    if (count > limits.entries) return nothing(under, `more than ${limits.entries} files and folders`);
    if (depthOf(entry.path, under) > limits.depth) return nothing(under, `folders nested deeper than ${limits.depth}`);
    if (!isOfInterest(entry)) continue;
    const problem = wanted.has(entry.path) ? "this path occurs twice in the tree" : problemOf(entry, limits);
    if (problem !== undefined) {
      problems.push(problemFile(entry.path, problem));
      continue;
    }
    bytes += entry.size ?? 0;
    if (bytes > limits.totalBytes) return nothing(under, `more than ${limits.totalBytes} bytes of manifests`);
    wanted.set(entry.path, entry);
  }
  return { wanted: [...wanted.values()], problems };
}

export function problemFile(path: string, problem: string): ManifestFile {
  return { path: path.replace(unprintable, "\uFFFD"), problem };
}

export function sortByPath(files: ManifestFile[]): ManifestFile[] {
  return files.sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0));
}

/** Control, format (bidirectional marks among them) and separator characters, and what was no UTF-8. */
const unprintable = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\uFFFD]/gu;
const unsafeName = /^(\.|\.\.|\.git|)$/i;

function isOfInterest(entry: SeenEntry): boolean {
  return entry.kind === "submodule" || (entry.kind !== "folder" && /\.(ya?ml|json)$/.test(entry.path));
}

function problemOf({ path, kind, size }: SeenEntry, limits: SourceLimits): string | undefined {
  if (path.search(unprintable) >= 0) return "the file name has characters that cannot be printed or is not UTF-8";
  if (path.split("/").some((name) => unsafeName.test(name))) return "a file name that is not allowed";
  if (kind === "symlink") return "a symbolic link; links are not followed, put the file itself here";
  if (kind === "submodule") return "a submodule; its files are not read, put the files themselves here";
  if (kind !== "file") return "not a regular file";
  if (size === undefined || size > limits.fileBytes) return `larger than ${limits.fileBytes} bytes`;
  return undefined;
}

function depthOf(path: string, under: string): number {
  return path.slice(under.length).split("/").length;
}

function nothing(under: string, problem: string): Selection {
  return { wanted: [], problems: [problemFile(under, problem)] };
}
