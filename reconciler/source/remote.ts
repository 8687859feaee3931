/**
 * A repository behind smart HTTP. A poll is one `ls-refs` (isomorphic-git), a read one fetch into memory; nothing is
 * written to disk. What was read last stays, so that the next read transfers only what differs.
 */
import { defaultTimeouts, type GitTimeouts } from "./deadline.ts";
import { failuresAsValues, GitError } from "./failure.ts";
import { type Capabilities, fetchPack, readCapabilities } from "./fetch.ts";
import { type GitAuth, openGitHttp } from "./http.ts";
import { type ObjectMap, parseCommit } from "./objects.ts";
import { type PackBudget, readPack } from "./pack.ts";
import { findRef, repositoryAddress } from "./refs.ts";
import { defaultLimits, type GitSource, type SourceLimits, type Tree } from "./source.ts";
import { readManifests } from "./walk.ts";

export interface RemoteOptions {
  /** http or https; credentials belong in `auth`. */
  readonly url: string;
  /** In full: refs/heads/main. */
  readonly ref?: string;
  /** Folder of the cluster inside the repository; "" is the root. */
  readonly path?: string;
  readonly auth?: GitAuth | undefined;
  readonly limits?: SourceLimits;
  readonly timeouts?: GitTimeouts;
}

const listingBytes = 4 * 1024 * 1024;
const packBytes = 64 * 1024 * 1024;
const budget: PackBudget = { objects: 200_000, objectBytes: 16 * 1024 * 1024, totalBytes: 128 * 1024 * 1024 };

/** What the last read left behind: all objects of `commit`, among older ones. */
interface Kept {
  readonly commit: string;
  readonly objects: ObjectMap;
  /** Objects of the last fetch from scratch. */
  readonly wholeCount: number;
}

/** Throws `TypeError` for an address or ref that can never work; nothing is contacted yet. */
export function openRemoteSource(options: RemoteOptions): GitSource {
  const { ref = "refs/heads/main", limits = defaultLimits, timeouts = defaultTimeouts } = options;
  const url = repositoryAddress(options.url);
  const under = (options.path ?? "").replace(/^\/+|\/+$/g, "");
  if (!ref.startsWith("refs/")) throw new TypeError(`write the ref in full, as refs/heads/${ref}`);
  const http = (signal: AbortSignal, maxAnswerBytes: number) =>
    openGitHttp({ auth: options.auth, timeouts, maxAnswerBytes, signal });
  let capabilities: Capabilities | undefined;
  let kept: Kept | undefined;

  async function download(commit: string, signal: AbortSignal, base: Kept | undefined): Promise<Buffer> {
    try {
      capabilities ??= await readCapabilities(http(signal, listingBytes), url);
      const have = base === undefined ? {} : { have: base.commit };
      const request = { want: commit, ...have, maxBlobBytes: limits.fileBytes };
      return await fetchPack(http(signal, packBytes), url, capabilities, request);
    } catch (error) {
      capabilities = undefined;
      throw error;
    }
  }

  async function readFrom(commit: string, signal: AbortSignal, base: Kept | undefined): Promise<Tree> {
    if (base?.commit === commit) return treeOf(base, commit, under, limits);
    const pack = await download(commit, signal, base);
    try {
      const next = unpack(pack, commit, base);
      const tree = treeOf(next, commit, under, limits);
      // Objects that no tree reaches any more are let go by starting afresh before they outnumber the others.
      kept = next.objects.size > 2 * next.wholeCount + 1000 ? undefined : next;
      return tree;
    } catch (error) {
      // A server may build on an object that it left out as too large before. Once more, from nothing.
      if (base === undefined || !(error instanceof GitError)) throw error;
      return await readFrom(commit, signal, undefined);
    }
  }

  return {
    head: (signal) => failuresAsValues(url, () => findRef(http(signal, listingBytes), url, ref)),
    read: (commit, signal) => failuresAsValues(url, () => readFrom(commit, signal, kept)),
  };
}

function unpack(pack: Buffer, commit: string, base: Kept | undefined): Kept {
  const objects = readPack(pack, budget, base?.objects);
  if (base === undefined) return { commit, objects, wholeCount: objects.size };
  return { commit, objects: new Map([...base.objects, ...objects]), wholeCount: base.wholeCount };
}

function treeOf({ objects }: Kept, oid: string, under: string, limits: SourceLimits): Tree {
  const object = objects.get(oid);
  if (object?.type !== "commit") throw new GitError("permanent", `${oid} is not a commit`);
  const commit = parseCommit(oid, object.body);
  return { kind: "tree", commit, files: readManifests(objects, commit.tree, under, limits) };
}
