/** The lab's processes: each with a name, a network namespace and a log file; started, stopped and killed by name. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { netnsPrefix } from "./network.ts";

export interface ProcessSpec {
  readonly name: string;
  readonly netns: string;
  /** Program and arguments. */
  readonly command: readonly string[];
}

export interface ProcessStatus {
  readonly name: string;
  readonly netns: string;
  /** As seen inside the lab; undefined when it does not run. */
  readonly pid: number | undefined;
}

/** How long a process may take to end after SIGTERM before it is killed. */
const STOP_TIMEOUT_MS = 3_000;

export class Processes {
  readonly #running = new Map<string, ChildProcess>();
  readonly #specs = new Map<string, ProcessSpec>();
  readonly #logDirectory: string;

  constructor(logDirectory: string) {
    this.#logDirectory = logDirectory;
  }

  /** Starts it, or starts it again after it ended; a running process is left alone. */
  start(spec: ProcessSpec): void {
    this.#specs.set(spec.name, spec);
    if (this.#running.has(spec.name)) return;
    const log = openSync(join(this.#logDirectory, `${spec.name}.log`), "a");
    const [file, ...args] = [...netnsPrefix(spec.netns), ...spec.command];
    const child = spawn(file as string, args, { stdio: ["ignore", log, log], env: LAB_ENVIRONMENT });
    closeSync(log);
    this.#running.set(spec.name, child);
    child.once("exit", () => this.#running.delete(spec.name));
  }

  /** @throws when no process of this name was ever started. */
  restart(name: string): void {
    const spec = this.#specs.get(name);
    if (!spec) throw new Error(`no process ${name}; there are: ${[...this.#specs.keys()].join(", ")}`);
    this.start(spec);
  }

  /** Resolves when it has ended; SIGTERM is followed by SIGKILL when it takes too long. */
  async stop(name: string, signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const child = this.#running.get(name);
    if (!child) return;
    const ended = once(child, "exit");
    child.kill(signal);
    const timer = setTimeout(() => child.kill("SIGKILL"), STOP_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  async stopAll(): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
  }

  status(): ProcessStatus[] {
    return [...this.#specs.values()].map(({ name, netns }) => ({ name, netns, pid: this.#running.get(name)?.pid }));
  }
}

/** The machine's Git configuration and locale do not reach into the lab. */
const LAB_ENVIRONMENT: NodeJS.ProcessEnv = {
  PATH: process.env.PATH,
  HOME: "/run/lab",
  LANG: "C.UTF-8",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
};
