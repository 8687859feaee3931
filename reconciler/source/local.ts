/** A repository on this machine, bare or not, read through git itself. */
import { failuresAsValues, GitError, type GitFailure } from "./failure.ts";
import { type Git, openGit } from "./git.ts";
import { problemFile, type SeenEntry, selectManifests, sortByPath } from "./manifests.ts";
import { parseCommit } from "./objects.ts";
import type { FoundRef } from "./refs.ts";
import { defaultLimits, type Head, type SourceLimits, type Tree } from "./source.ts";
import { kindOf } from "./walk.ts";

export interface LocalRepository {
  /** Branch, tag, id or any revision git understands. Rejects only with the signal's reason. */
  resolveRevision(revision: string, signal?: AbortSignal): Promise<Head>;
  /**
   * `commit` is a full object id. What the tree read before has too is not read again. Rejects only with the signal's
   * reason.
   */
  read(commit: string, signal?: AbortSignal): Promise<Tree | GitFailure>;
}

/** `path` is the cluster's folder inside the repository; "" is the root. */
export function openLocalRepository(
  directory: string,
  { path = "", limits = defaultLimits }: { path?: string; limits?: SourceLimits } = {},
): LocalRepository {
  const under = path.replace(/^\/+|\/+$/g, "");
  const blobs: Blobs = { known: new Map() };
  return {
    resolveRevision: (revision, signal) =>
      failuresAsValues(directory, () => resolveRevision(openGit(directory, signal), revision)),
    read: (commit, signal) =>
      failuresAsValues(directory, () => readTree(openGit(directory, signal), commit, { under, limits, blobs })),
  };
}

async function resolveRevision(git: Git, revision: string): Promise<FoundRef> {
  const args = ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`];
  const { exitCode, output } = await git(args);
  if (exitCode === 0) return { kind: "commit", oid: output.toString("latin1").trim() };
  // Without the revision: does the repository itself answer?
  const repository = await git(["rev-parse", "--git-dir"]);
  if (repository.exitCode !== 0) throw new GitError("permanent", repository.error);
  return { kind: "missing" };
}

/** Of the tree that was read last. */
interface Blobs {
  known: ReadonlyMap<string, Buffer>;
}

interface TreeOptions {
  readonly under: string;
  readonly limits: SourceLimits;
  readonly blobs: Blobs;
}

async function readTree(git: Git, commit: string, { under, limits, blobs }: TreeOptions): Promise<Tree> {
  if (!/^[0-9a-f]{40}$/.test(commit)) throw new GitError("permanent", `${commit} is not a full SHA-1 object id`);
  const [description, listing] = await Promise.all([
    git(["cat-file", "commit", commit]),
    git(["ls-tree", "-r", "-t", "-l", "-z", "--full-tree", `${commit}:${under}`], { maxBytes: limits.entries * 256 }),
  ]);
  if (description.exitCode !== 0) throw new GitError("permanent", description.error);
  const parsed = parseCommit(commit, description.output);
  if (listing.exitCode !== 0) {
    return { kind: "tree", commit: parsed, files: [problemFile(under, "missing")] };
  }
  const entries = parseListing(listing.output, under);
  await readLinkTargets(git, entries);
  const { wanted, problems } = selectManifests(entries, under, limits);
  const { known } = blobs;
  const missing = wanted.map(({ from }) => from).filter(({ blobId }) => !known.has(blobId));
  const read = await readBlobs(git, missing);
  const files = wanted.map(({ path, from: { blobId } }) => {
    return { path, blobId, bytes: read.get(blobId) ?? known.get(blobId) ?? Buffer.of() };
  });
  blobs.known = new Map(files.map(({ blobId, bytes }) => [blobId, bytes]));
  return { kind: "tree", commit: parsed, files: sortByPath([...files, ...problems]) };
}

/** Entries of `ls-tree -l -z`: mode, type, id, size ("-" for what is no blob), tab, path, NUL. */
function parseListing(listing: Buffer, under: string): SeenEntry[] {
  const entries: SeenEntry[] = [];
  for (let start = 0; start < listing.length; ) {
    const end = listing.indexOf(0, start);
    const tab = listing.indexOf(9, start);
    const [mode = "", , blobId = "", size = ""] = listing.toString("latin1", start, tab).split(/ +/);
    const name = listing.toString("utf8", tab + 1, end);
    entries.push({
      path: under === "" ? name : `${under}/${name}`,
      kind: kindOf(mode),
      blobId,
      size: Number(size) || 0,
    });
    start = end + 1;
  }
  return entries;
}

/** In place: a link's target is its blob. Longer ones than any system's path limit lead nowhere. */
async function readLinkTargets(git: Git, entries: SeenEntry[]): Promise<void> {
  const isLink = ({ kind, size = 0 }: SeenEntry) => kind === "symlink" && size <= 4096;
  const targets = await readBlobs(git, entries.filter(isLink));
  for (const [index, entry] of entries.entries()) {
    const target = isLink(entry) ? targets.get(entry.blobId) : undefined;
    if (target) entries[index] = { ...entry, target: target.toString("utf8") };
  }
}

async function readBlobs(git: Git, wanted: readonly SeenEntry[]): Promise<Map<string, Buffer>> {
  const sizes = new Map(wanted.map(({ blobId, size = 0 }) => [blobId, size]));
  if (sizes.size === 0) return new Map();
  const headers = [...sizes].map(([blobId, size]) => ({ blobId, size, header: `${blobId} blob ${size}\n` }));
  const { exitCode, output, error } = await git(["cat-file", "--batch", "--buffer"], {
    input: [...sizes.keys()].map((blobId) => `${blobId}\n`).join(""),
    maxBytes: headers.reduce((sum, { header, size }) => sum + header.length + size + 1, 1),
  });
  if (exitCode !== 0) throw new GitError("permanent", error);
  const blobs = new Map<string, Buffer>();
  let offset = 0;
  for (const { blobId, size, header } of headers) {
    const start = offset + header.length;
    if (output.toString("latin1", offset, start) !== header)
      throw new GitError("permanent", `blob ${blobId} is missing`);
    blobs.set(blobId, output.subarray(start, start + size));
    offset = start + size + 1;
  }
  return blobs;
}
