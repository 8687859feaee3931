/** How commits of a local repository are related. */
import { failuresAsValues, GitError, type GitFailure } from "./failure.ts";
import { openGit } from "./git.ts";

export interface LocalHistory {
  /** The best common ancestor of two commits; undefined when they have none. */
  mergeBase(one: string, other: string): Promise<{ readonly oid: string | undefined } | GitFailure>;
  /** Commits that `descendant` has and `ancestor` has not. */
  countCommits(ancestor: string, descendant: string): Promise<{ readonly count: number } | GitFailure>;
  /** A shallow clone lacks older commits, so "there is none" may only mean "it was not fetched". */
  isShallow(): Promise<{ readonly shallow: boolean } | GitFailure>;
}

/** Commits are full object ids. */
export function openLocalHistory(directory: string): LocalHistory {
  const git = openGit(directory, undefined);
  const ask = <T>(args: readonly string[], answer: (text: string, exitCode: number) => T) =>
    failuresAsValues(directory, async () => {
      const { exitCode, output, error } = await git(args);
      if (exitCode > 1 || (exitCode === 1 && error !== "")) throw new GitError("permanent", error);
      return answer(output.toString("latin1").trim(), exitCode);
    });
  return {
    mergeBase: (one, other) =>
      ask(["merge-base", one, other], (text, exitCode) => ({ oid: exitCode === 0 ? text : undefined })),
    countCommits: (ancestor, descendant) =>
      ask(["rev-list", "--count", descendant, `^${ancestor}`], (text) => ({ count: Number(text) })),
    isShallow: () => ask(["rev-parse", "--is-shallow-repository"], (text) => ({ shallow: text === "true" })),
  };
}
