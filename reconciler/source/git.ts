/** Git itself, run on a repository of this machine: it also sees what a hook has in quarantine. */
import { execa } from "execa";
import { GitError } from "./failure.ts";

interface GitResult {
  readonly exitCode: number;
  readonly output: Buffer;
  readonly error: string;
}

/** Throws `GitError` when git cannot be run or prints more than was asked for; rejects with the signal's reason. */
export type Git = (args: readonly string[], options?: { input?: string; maxBytes?: number }) => Promise<GitResult>;

export function openGit(directory: string, signal: AbortSignal | undefined): Git {
  return async (args, { input = "", maxBytes = 1024 * 1024 } = {}) => {
    signal?.throwIfAborted();
    const result = await execa("git", ["--no-replace-objects", "-C", directory, ...args], {
      input,
      maxBuffer: maxBytes,
      encoding: "buffer",
      stripFinalNewline: false,
      reject: false,
      env: { LC_ALL: "C", GIT_NO_LAZY_FETCH: "1" },
      ...(signal ? { cancelSignal: signal } : {}),
    });
    signal?.throwIfAborted();
    if (result.isMaxBuffer) throw new GitError("permanent", `git ${args[0]} printed more than ${maxBytes} bytes`);
    if (result.exitCode === undefined)
      throw new GitError("permanent", `git cannot be run (${result.code ?? result.signal})`);
    return {
      exitCode: result.exitCode,
      output: Buffer.from(result.stdout),
      error: Buffer.from(result.stderr).toString("utf8").trim().split("\n", 1)[0] ?? "",
    };
  };
}
