/**
 * The status branch: an orphan branch of the manifests' repository that holds what became of them. Its content is
 * computed, so whoever loses a race puts the same content on top of the other's commit; nothing is ever forced.
 */
import { Errors, push, writeCommit, writeRef } from "isomorphic-git";
import type { HttpClient } from "isomorphic-git/http/node";
import { defaultTimeouts, type GitTimeouts } from "../source/deadline.ts";
import { failuresAsValues, GitError, type GitFailure } from "../source/failure.ts";
import { fetchPack, readCapabilities } from "../source/fetch.ts";
import { type GitAuth, openGitHttp } from "../source/http.ts";
import { readPack } from "../source/pack.ts";
import { branchRef, findRef, repositoryAddress } from "../source/refs.ts";
import { gitdir, type MemoryRepository, openMemoryRepository } from "./memory-repository.ts";
import { filesOf, type Tip, tipOf, writeFiles } from "./tip.ts";

export interface StatusBranchOptions {
  readonly url: string;
  readonly auth?: GitAuth | undefined;
  /** Without refs/heads/: sallyport/status/<cluster>. */
  readonly branch: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly clock: () => Date;
  readonly timeouts?: GitTimeouts;
}

export interface StatusBranch {
  /** The files at the branch's tip by path; undefined when there is no branch. Rejects only with the signal's reason. */
  read(signal: AbortSignal): Promise<ReadonlyMap<string, string> | undefined | GitFailure>;
  /** Makes the branch hold exactly these files. Rejects only with the signal's reason. */
  publish(
    files: ReadonlyMap<string, string>,
    message: string,
    signal: AbortSignal,
  ): Promise<{ readonly kind: "unchanged" | "pushed"; readonly commit: string } | GitFailure>;
}

const maxTries = 5;
const answerBytes = 64 * 1024 * 1024;
const objectBytes = 16 * 1024 * 1024;
const budget = { objects: 200_000, objectBytes, totalBytes: 256 * 1024 * 1024 };

/** Throws `TypeError` for an address or branch that can never work; nothing is contacted yet. */
export function openStatusBranch(options: StatusBranchOptions): StatusBranch {
  const url = repositoryAddress(options.url);
  const ref = branchRef(options.branch);
  const open = (signal: AbortSignal) =>
    openGitHttp({
      auth: options.auth,
      timeouts: options.timeouts ?? defaultTimeouts,
      maxAnswerBytes: answerBytes,
      signal,
    });
  let kept: Tip | undefined;

  async function readTip(signal: AbortSignal): Promise<Tip | undefined> {
    const http = open(signal);
    const head = await findRef(http, url, ref);
    if (head.kind === "missing") return undefined;
    if (kept?.commit !== head.oid) {
      const request = { want: head.oid, maxBlobBytes: objectBytes };
      const pack = await fetchPack(http, url, await readCapabilities(http, url), request);
      kept = tipOf(head.oid, readPack(pack, budget));
    }
    return kept;
  }

  async function publish(files: ReadonlyMap<string, string>, message: string, signal: AbortSignal) {
    let refused: { readonly onTopOf: string | undefined; readonly error: GitError } | undefined;
    for (let tries = 0; tries < maxTries; tries++) {
      const tip = await readTip(signal);
      // The branch did not move, so it was no lost race: the server does not want this push.
      if (refused && refused.onTopOf === tip?.commit) throw refused.error;
      const objects = new Map(tip?.objects);
      const repository = openMemoryRepository(objects, tip ? [tip.commit] : []);
      const tree = await writeFiles(repository, objects, files);
      if (tip?.tree === tree) return { kind: "unchanged", commit: tip.commit } as const;
      const commit = await writeCommit({ fs: repository, gitdir, commit: describe(tree, tip, message) });
      await writeRef({ fs: repository, gitdir, ref, value: commit, force: true });
      const error = await tryPush(repository, open(signal));
      if (error === undefined) {
        kept = tipOf(commit, objects);
        return { kind: "pushed", commit } as const;
      }
      refused = { onTopOf: tip?.commit, error };
    }
    throw new GitError("transient", `${ref} was moved by somebody else ${maxTries} times in a row`);
  }

  function describe(tree: string, tip: Tip | undefined, message: string) {
    const timestamp = Math.floor(options.clock().getTime() / 1000);
    const person = { ...options.author, timestamp, timezoneOffset: 0 };
    return { tree, parent: tip ? [tip.commit] : [], author: person, committer: person, message };
  }

  /** Returns why the server did not move the branch. */
  async function tryPush(fs: MemoryRepository, http: HttpClient): Promise<GitError | undefined> {
    const said: string[] = [];
    try {
      await push({ fs, http, gitdir, url, ref, remoteRef: ref, onMessage: (line) => void said.push(line) });
      return undefined;
    } catch (error) {
      if (error instanceof Errors.PushRejectedError) {
        return new GitError("transient", `${ref} was moved by somebody else`, { cause: error });
      }
      if (!(error instanceof Errors.GitPushError)) throw error;
      const reason = error.data.result.refs[ref]?.error ?? error.data.result.error;
      return new GitError("permanent", oneLine(`the push to ${ref} was refused: ${[reason, ...said].join("; ")}`), {
        cause: error,
      });
    }
  }

  return {
    read: (signal) =>
      failuresAsValues(url, async () => {
        const tip = await readTip(signal);
        return tip && filesOf(tip);
      }),
    publish: (files, message, signal) => failuresAsValues(url, () => publish(files, message, signal)),
  };
}

function oneLine(text: string): string {
  return text
    .replace(/[^ -~]+/g, " ")
    .trim()
    .slice(0, 300);
}
