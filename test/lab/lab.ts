/**
 * A lab as seen from outside: start one (and own it), or attach to one that runs; run commands on its hosts, ask its
 * witness, stop and start its processes.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { enterLab, findLab, outsidePath, type RunningLab, spawnPrivate } from "./namespaces.ts";
import { labPaths, labProgram } from "./paths.ts";
import type { ProcessStatus } from "./processes.ts";
import type { SupervisorOptions } from "./supervisor.ts";
import { hostNames, type LabPod, resolveHost, type Topology } from "./topology.ts";
import { requestJson } from "./unix-http.ts";
import { until } from "./until.ts";
import type { Sighting } from "./witness.ts";

/** How long the supervisor may take to end everything in order. */
const SHUTDOWN_TIMEOUT_MS = 6_000;

/** What a lab reads of the reconciler's own account. */
export interface ReconcilerStatus {
  readonly head: { readonly commit: string; readonly outcome: string } | null;
  readonly floatingIPs: Readonly<Record<string, string | null>>;
  readonly witnesses: readonly string[];
}

export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export class Lab {
  readonly running: RunningLab;
  readonly topology: Topology;
  readonly #owned: ChildProcess | undefined;

  private constructor(running: RunningLab, owned: ChildProcess | undefined) {
    this.running = running;
    this.#owned = owned;
    this.topology = JSON.parse(readFileSync(outsidePath(running, labPaths.topology), "utf8")) as Topology;
  }

  /**
   * Builds a lab and owns it: it ends with `down()`, and also when this process ends, however it ends.
   * @param onProgress gets one line per step.
   * @throws Error with one line (and the lab's own words) when it cannot be built.
   */
  static async start(name: string, options: SupervisorOptions, onProgress: (line: string) => void): Promise<Lab> {
    if (findLab(name)) throw new Error(`lab ${name} runs already; end it with \`sallyport lab down --name ${name}\``);
    const child = spawnPrivate(name, [process.execPath, labProgram("supervisor"), JSON.stringify(options)]);
    let errors = "";
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      errors = (errors + text).slice(-4_000);
    });
    for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) {
      if (line.startsWith("progress ")) onProgress(line.slice("progress ".length));
      if (line === "ready") return new Lab(findLab(name) as RunningLab, child);
    }
    throw new Error(`the lab could not be built: ${errors.trim() || "it ended without a word"}`);
  }

  /** @throws Error with one line when no such lab runs. */
  static attach(name: string): Lab {
    const running = findLab(name);
    if (!running) throw new Error(`no lab ${name} runs; start one with \`sallyport lab up\``);
    return new Lab(running, undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.down();
  }

  /** Ends an owned lab in order; every process and namespace of it is gone when this resolves. */
  async down(): Promise<void> {
    const child = this.#owned;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, "exit");
    (child.stdio[3] as NodeJS.WritableStream).end();
    const timer = setTimeout(() => child.kill("SIGKILL"), SHUTDOWN_TIMEOUT_MS);
    await ended;
    clearTimeout(timer);
  }

  /** Asks the lab to end, whoever owns it, and waits until it is gone. */
  async shutDown(): Promise<void> {
    const { name, initPid } = this.running;
    await this.#ask(labPaths.sockets.control, "/shutdown", "POST").catch(() => process.kill(initPid, "SIGKILL"));
    await until(`lab ${name} to end`, () => !findLab(name), { timeoutMs: SHUTDOWN_TIMEOUT_MS });
  }

  /** Resolves when an owned lab has ended. */
  async ended(): Promise<void> {
    if (this.#owned && this.#owned.exitCode === null) await once(this.#owned, "exit");
  }

  /**
   * Command line that runs `command` on a host.
   * @param host NODE, NAMESPACE/POD, outside, forge or control.
   * @throws Error naming the hosts there are.
   */
  commandLine(host: string, command: readonly string[]): string[] {
    const netns = resolveHost(this.topology, host);
    if (netns === undefined)
      throw new Error(`no host ${host} in this lab; there are: ${hostNames(this.topology).join(", ")}`);
    return enterLab(this.running, netns, command);
  }

  async exec(
    host: string,
    command: readonly string[],
    options: { env?: Record<string, string> } = {},
  ): Promise<CommandResult> {
    const [file, ...args] = this.commandLine(host, command);
    const result = await execa(file as string, args, { reject: false, ...options });
    return {
      exitCode: result.exitCode ?? -1,
      stdout: String(result.stdout ?? ""),
      stderr: String(result.stderr ?? ""),
    };
  }

  pod(namespacedName: string): LabPod {
    const pod = this.topology.pods.find((p) => `${p.namespace}/${p.name}` === namespacedName);
    if (!pod) throw new Error(`no pod ${namespacedName} in this lab`);
    return pod;
  }

  /**
   * Sends one HTTP request from a pod to the outside host.
   * @param family 6 needs a lab with IPv6.
   * @returns the source address the outside host saw, or undefined when no answer came in time.
   */
  async sourceSeen(pod: string, timeoutMs = 2_000, family: 4 | 6 = 4): Promise<string | undefined> {
    const { ip, ipv6 } = this.topology.outside;
    const host = family === 4 ? ip : `[${ipv6}]`;
    const seconds = String(timeoutMs / 1_000);
    const result = await this.exec(pod, ["curl", "-s", "--max-time", seconds, `http://${host}/${pod}`]);
    return result.exitCode === 0 ? (JSON.parse(result.stdout) as Sighting).source : undefined;
  }

  /** Everything the outside host saw, oldest first. */
  sightings(): Promise<Sighting[]> {
    return this.#ask(labPaths.sockets.witness, "/");
  }

  /** MAC addresses that answer for an IPv4 address in the nodes' subnet. */
  macsAnsweringFor(ip: string): Promise<string[]> {
    return this.#ask(labPaths.sockets.witness, `/?mac=${encodeURIComponent(ip)}`);
  }

  async processes(): Promise<ProcessStatus[]> {
    const { processes } = await this.#ask<{ processes: ProcessStatus[] }>(labPaths.sockets.control, "/status");
    return processes;
  }

  async control(processName: string, action: "start" | "stop" | "kill"): Promise<void> {
    await this.#ask(labPaths.sockets.control, `/processes/${processName}/${action}`, "POST");
  }

  /** The reconciler's own account of where it is; undefined while it does not answer. */
  async reconcilerStatus(): Promise<ReconcilerStatus | undefined> {
    try {
      return await this.#ask<ReconcilerStatus>(labPaths.sockets.reconciler, "/status");
    } catch {
      return undefined;
    }
  }

  /** Where the lab is served on the machine's loopback. */
  gateUrl(): string {
    return this.readFile(labPaths.gateUrl);
  }

  publishGateUrl(url: string): void {
    writeFileSync(outsidePath(this.running, labPaths.gateUrl), url);
  }

  /** Reads a file of the lab; `path` as the lab knows it. */
  readFile(path: string): string {
    return readFileSync(outsidePath(this.running, path), "utf8");
  }

  log(processName: string): string {
    return this.readFile(`${labPaths.logs}/${processName}.log`);
  }

  socketPath(name: keyof typeof labPaths.sockets): string {
    return outsidePath(this.running, labPaths.sockets[name]);
  }

  #ask<T>(socket: string, path: string, method = "GET"): Promise<T> {
    return requestJson<T>(outsidePath(this.running, socket), path, method);
  }
}

/** The first commit's end: applied or rejected. */
export function firstOutcome(lab: Lab): Promise<{ commit: string; outcome: string }> {
  return until(
    "the reconciler to apply or reject the first commit",
    async () => {
      const head = (await lab.reconcilerStatus())?.head;
      return head && ["applied", "rejected"].includes(head.outcome) ? head : undefined;
    },
    { timeoutMs: 30_000 },
  );
}
