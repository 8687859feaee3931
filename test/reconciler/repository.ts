/** Real repositories in temporary folders, made by git itself in surroundings that are the same everywhere. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";
import { type GitServer, pinnedGitEnvironment, serveGit } from "../lab/git-server.ts";

export const never: AbortSignal = new AbortController().signal;

const identity = {
  GIT_AUTHOR_NAME: "Alice",
  GIT_AUTHOR_EMAIL: "alice@example.net",
  GIT_COMMITTER_NAME: "Alice",
  GIT_COMMITTER_EMAIL: "alice@example.net",
  GIT_AUTHOR_DATE: "1700000000 +0000",
  GIT_COMMITTER_DATE: "1700000000 +0000",
};

/** Content of a file, or the target of a symbolic link. */
export type FileContent = string | Uint8Array | { readonly link: string };

export class TestRepository implements AsyncDisposable {
  readonly folder: string;
  /** The work tree; its repository is `origin`'s only client that pushes. */
  readonly worktree: string;
  readonly bare: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.worktree = join(folder, "worktree");
    this.bare = join(folder, "served", "egress.git");
  }

  /** A bare repository without a commit, and an empty work tree beside it. */
  static async create(): Promise<TestRepository> {
    const repository = new TestRepository(await mkdtemp(join(tmpdir(), "sallyport-git-")));
    await runGit(["init", "--quiet", "--bare", "--initial-branch=main", repository.bare]);
    await runGit(["init", "--quiet", "--initial-branch=main", repository.worktree]);
    return repository;
  }

  serve(onPush?: (repository: string) => void): Promise<GitServer> {
    return serveGit({ root: join(this.folder, "served"), ...(onPush ? { onPush } : {}) });
  }

  /** In the work tree. Returns what git prints. */
  git(...args: string[]): Promise<string> {
    return runGit(["-C", this.worktree, ...args]);
  }

  async write(files: Readonly<Record<string, FileContent>>): Promise<void> {
    for (const [path, content] of Object.entries(files)) {
      const target = join(this.worktree, path);
      await mkdir(dirname(target), { recursive: true });
      if (typeof content === "string" || content instanceof Uint8Array) await writeFile(target, content);
      else await symlink(content.link, target);
    }
  }

  /** Commits the work tree and puts it on the bare repository's branch. Returns the commit's id. */
  async commit(files: Readonly<Record<string, FileContent>>, message = "Change", branch = "main"): Promise<string> {
    await this.write(files);
    await this.git("add", "--all");
    await this.git("commit", "--quiet", "--allow-empty", "-m", message);
    return await this.publish("HEAD", branch);
  }

  /** Puts a revision of the work tree's repository on a branch of the bare one. Returns the commit's id. */
  async publish(revision: string, branch = "main"): Promise<string> {
    await this.git("push", "--quiet", "--force", this.bare, `${revision}:refs/heads/${branch}`);
    return await this.git("rev-parse", revision);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true });
  }
}

export async function runGit(args: readonly string[], input = ""): Promise<string> {
  const env = { ...pinnedGitEnvironment, ...identity };
  const { stdout } = await execa("git", args, { env, input });
  return stdout;
}
