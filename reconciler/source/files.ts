/** Manifests from plain directories and files, as `sallyport check PATH…` reads them: the same entries as from a commit. */
import type { Stats } from "node:fs";
import { lstat, readdir, readFile, readlink, stat } from "node:fs/promises";
import { join, normalize } from "node:path";
import type { FileProblem, ManifestFile } from "../../policies/manifests/file.ts";
import { type EntryKind, isPrintable, problemFile, type SeenEntry, selectManifests, sortByPath } from "./manifests.ts";
import { objectId } from "./pack.ts";
import { defaultLimits, type SourceLimits } from "./source.ts";

/**
 * Paths are taken as given, relative to the current directory, and reported so. A folder is searched for manifests, a
 * file that is named itself is read whatever its extension. A path that cannot be read is an entry with a problem.
 */
export async function readManifestPaths(
  paths: readonly string[],
  limits: SourceLimits = defaultLimits,
): Promise<ManifestFile[]> {
  const found = await Promise.all([...new Set(paths.map(tidy))].map((path) => readPath(path, limits)));
  const byPath = new Map(found.flat().map((file) => [file.path, file]));
  return sortByPath([...byPath.values()]);
}

async function readPath(path: string, limits: SourceLimits): Promise<ManifestFile[]> {
  const stats = await stat(path).catch(problemOfError);
  if (typeof stats === "string") return [problemFile(path, stats)];
  if (!stats.isDirectory()) return [await readNamedFile(path, stats, limits)];
  const under = path === "." ? "" : path;
  const entries: SeenEntry[] = [];
  const unreadable: ManifestFile[] = [];
  await listFolder(under, entries, unreadable, limits);
  const { wanted, problems } = selectManifests(entries, under, limits);
  const files = await Promise.all(wanted.map(({ path, from }) => readBytes(path, from.path)));
  return [...files, ...problems, ...unreadable];
}

async function readNamedFile(path: string, stats: Stats, limits: SourceLimits): Promise<ManifestFile> {
  if (!isPrintable(path)) return problemFile(path, "unsafe-name");
  if (!stats.isFile()) return problemFile(path, "not-a-file");
  return stats.size > limits.fileBytes ? problemFile(path, "too-large") : await readBytes(path, path);
}

async function readBytes(path: string, from: string): Promise<ManifestFile> {
  const bytes = await readFile(from).catch(problemOfError);
  return typeof bytes === "string" ? problemFile(path, bytes) : { path, blobId: objectId("blob", bytes), bytes };
}

/** Stops one entry after the limit, which is how `selectManifests` sees that it is exceeded. */
async function listFolder(
  folder: string,
  entries: SeenEntry[],
  unreadable: ManifestFile[],
  limits: SourceLimits,
): Promise<void> {
  const names = await readdir(folder === "" ? "." : folder).catch(problemOfError);
  if (typeof names === "string") {
    unreadable.push(problemFile(folder, names));
    return;
  }
  for (const name of names) {
    if (name === ".git") continue;
    if (entries.length > limits.entries) return;
    const path = join(folder, name);
    const entry = await seenEntry(path);
    if (entry === undefined) continue;
    const isSubmodule = entry.kind === "folder" && (await isFile(join(path, ".git")));
    entries.push(isSubmodule ? { ...entry, kind: "submodule" } : entry);
    if (entry.kind === "folder" && !isSubmodule) await listFolder(path, entries, unreadable, limits);
  }
}

/** Undefined for what is gone again. */
async function seenEntry(path: string): Promise<SeenEntry | undefined> {
  const stats = await lstat(path).catch(problemOfError);
  if (typeof stats === "string") return undefined;
  const seen = { path, kind: kindOf(stats), blobId: "", size: stats.size };
  return seen.kind === "symlink" ? { ...seen, target: await readlink(path).catch(() => "") } : seen;
}

/** As `.git` is in a checked-out submodule; in a repository of its own it is a folder. */
async function isFile(path: string): Promise<boolean> {
  return await lstat(path).then(
    (stats) => stats.isFile(),
    () => false,
  );
}

function kindOf(stats: Stats): EntryKind {
  if (stats.isDirectory()) return "folder";
  if (stats.isSymbolicLink()) return "symlink";
  return stats.isFile() ? "file" : "other";
}

function tidy(path: string): string {
  return normalize(path).replace(/(?<=.)\/+$/, "");
}

function problemOfError(error: unknown): FileProblem {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  if (code === undefined) throw error;
  return code === "ENOENT" || code === "ENOTDIR" ? "missing" : "unreadable";
}
