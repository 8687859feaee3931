/**
 * A repository behind smart HTTP. A poll is one `ls-refs` (isomorphic-git), a read one fetch into memory; nothing is
 * written to disk. What was read last stays, so that the next read transfers only what differs.
 */
import { listServerRefs } from "isomorphic-git";
import { failureFrom, GitError, type GitFailure } from "./failure.ts";
import { type Capabilities, fetchPack, readCapabilities } from "./fetch.ts";
import { defaultTimeouts, type GitAuth, type GitTimeouts, openGitHttp } from "./http.ts";
import { type ObjectMap, parseCommit } from "./objects.ts";
import { type PackBudget, readPack } from "./pack.ts";
import { defaultLimits, type GitSource, type Head, type SourceLimits, type Tree } from "./source.ts";
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
const budget: PackBudget = { objects: 200_000, objectBytes: 4 * 1024 * 1024, totalBytes: 128 * 1024 * 1024 };

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
    head: (signal) => asFailure(url, () => findRef(http(signal, listingBytes), url, ref)),
    read: (commit, signal) => asFailure(url, () => readFrom(commit, signal, kept)),
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

/** The address without what must not be printed or would break requests. Throws `TypeError` unless it is http(s). */
export function repositoryAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError("the repository's address must begin with https:// or http://");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`credentials belong apart, not into the address of ${parsed.host}`);
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

/** The commit a ref names. "Missing" is believed only when the server says so twice in a row. */
export async function findRef(http: ReturnType<typeof openGitHttp>, url: string, ref: string): Promise<Head> {
  for (let asked = 0; asked < 2; asked++) {
    const refs = await listServerRefs({ http, url, prefix: ref, protocolVersion: 2, peelTags: true });
    const found = refs.find((candidate) => candidate.ref === ref);
    if (found) return { kind: "commit", oid: found.peeled ?? found.oid };
  }
  return { kind: "missing" };
}

/** Expected errors as values. Our own `http` throws `GitError` only; isomorphic-git's own errors concern the answer. */
export async function asFailure<T>(repository: string, attempt: () => Promise<T>): Promise<T | GitFailure> {
  try {
    return await attempt();
  } catch (error) {
    return failureFrom(error, repository);
  }
}
