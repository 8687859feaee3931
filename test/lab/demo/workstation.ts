/** The developer's clone in the lab: edits manifests, commits, pushes over HTTP, reads the status branch. */
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../lab.ts";
import { outsidePath } from "../namespaces.ts";
import { labPaths } from "../paths.ts";
import { CLUSTER_NAME } from "../topology.ts";

const STATUS_BRANCH = `sallyport/status/${CLUSTER_NAME}`;
const IDENTITY = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_AUTHOR_NAME: "Alice",
  GIT_AUTHOR_EMAIL: "alice@lab.example",
  GIT_COMMITTER_NAME: "Alice",
  GIT_COMMITTER_EMAIL: "alice@lab.example",
};

export class Workstation {
  readonly #lab: Lab;

  private constructor(lab: Lab) {
    this.#lab = lab;
  }

  static async clone(lab: Lab): Promise<Workstation> {
    const station = new Workstation(lab);
    await station.#run(["git", "clone", "-q", lab.topology.forge.url, labPaths.workstation]);
    return station;
  }

  write(file: string, text: string): void {
    writeFileSync(this.#path(file), text);
  }

  remove(file: string): void {
    rmSync(this.#path(file));
  }

  /**
   * Commits everything and pushes to main.
   * @returns the commit, and when (performance.now) the push began.
   */
  async push(message: string): Promise<{ commit: string; pushedAtMs: number }> {
    await this.git("add", "--all");
    await this.git("commit", "-q", "-m", message);
    const commit = await this.git("rev-parse", "HEAD");
    const pushedAtMs = performance.now();
    await this.git("push", "-q", "origin", "main");
    return { commit, pushedAtMs };
  }

  /** A file of the status branch as it is now on the server; undefined when the branch or the file is not there. */
  async statusFile(path: string): Promise<string | undefined> {
    const fetched = await this.#try(["git", "-C", labPaths.workstation, "fetch", "-q", "origin", STATUS_BRANCH]);
    if (fetched.exitCode !== 0) return undefined;
    const shown = await this.#try(["git", "-C", labPaths.workstation, "show", `FETCH_HEAD:${path}`]);
    return shown.exitCode === 0 ? shown.stdout : undefined;
  }

  git(...args: string[]): Promise<string> {
    return this.#run(["git", "-C", labPaths.workstation, ...args]);
  }

  #path(file: string): string {
    return outsidePath(this.#lab.running, join(labPaths.workstation, file));
  }

  async #run(command: string[]): Promise<string> {
    const result = await this.#try(command);
    if (result.exitCode !== 0) throw new Error(`${command.join(" ")}: ${result.stderr}`);
    return result.stdout;
  }

  #try(command: string[]) {
    return this.#lab.exec("outside", command, { env: IDENTITY });
  }
}
