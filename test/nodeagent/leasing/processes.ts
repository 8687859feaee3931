/** The agents, each as a process in its node's network namespace. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { extname } from "node:path";
import { createInterface } from "node:readline";
import type { AgentOptions } from "../../../nodeagent/main.ts";
import { nameOf, type Worker } from "./place.ts";

interface AgentProcess {
  readonly child: ChildProcess;
  /** Of its log. */
  readonly lines: Record<string, unknown>[];
}

export interface AgentProcesses {
  /** Of an agent that runs, or ran last. */
  agent(worker: Worker): AgentProcess;
  runs(worker: Worker): boolean;
  start(worker: Worker): void;
  /** SIGTERM, and resolves with the exit code. */
  stop(worker: Worker): Promise<number | null>;
  kill(worker: Worker): Promise<void>;
}

const SCRIPT = new URL(`../run-agent${extname(import.meta.url)}`, import.meta.url).pathname;

/** @param command that runs an agent with these options */
export function agentProcesses(
  optionsOf: (worker: Worker) => AgentOptions,
  command = (options: AgentOptions): readonly string[] => [process.execPath, SCRIPT, JSON.stringify(options)],
): AgentProcesses {
  const agents = new Map<Worker, AgentProcess>();

  function agent(worker: Worker): AgentProcess {
    const found = agents.get(worker);
    if (found === undefined) throw new Error(`no agent of ${nameOf(worker)} was started`);
    return found;
  }

  async function end(worker: Worker, signal: NodeJS.Signals): Promise<number | null> {
    const { child } = agent(worker);
    child.kill(signal);
    const [code] = await once(child, "exit");
    return code;
  }

  return {
    agent,
    runs(worker) {
      const child = agents.get(worker)?.child;
      return child?.exitCode === null && child.signalCode === null;
    },
    start(worker) {
      const child = spawn("nsenter", [`--net=/run/netns/${nameOf(worker)}`, ...command(optionsOf(worker))], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      const lines: Record<string, unknown>[] = [];
      createInterface({ input: child.stdout }).on("line", (line) => {
        lines.push(JSON.parse(line));
        if (process.env.SHOW_LOG) console.error(line);
      });
      agents.set(worker, { child, lines });
    },
    stop: (worker) => end(worker, "SIGTERM"),
    kill: async (worker) => void (await end(worker, "SIGKILL")),
  };
}
