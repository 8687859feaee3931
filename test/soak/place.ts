/** Commands and programs on the lab's hosts, its switch, and in the soak's own pods. */
import { type ChildProcessByStdio, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import type { Lab } from "../lab/lab.ts";
import { enterLab } from "../lab/namespaces.ts";

/** @param host a network namespace of the lab; null: where the switch is */
export async function sh(lab: Lab, host: string | null, script: string): Promise<string> {
  const [file = "", ...args] = enterLab(lab.running, host ?? undefined, ["sh", "-ec", script]);
  return (await execa(file, args, { stdin: "ignore" })).stdout;
}

export type Program = ChildProcessByStdio<Writable, Readable, null>;

export function start(lab: Lab, host: string | null, command: readonly string[]): Program {
  const [file = "", ...args] = enterLab(lab.running, host ?? undefined, command);
  const child = spawn(file, args, { stdio: ["pipe", "pipe", "inherit"] });
  // A lab that ends takes its programs with it.
  child.stdin.on("error", () => {});
  return child;
}

export interface Asked<Answer> {
  /** One line to it, one back. */
  ask(question: object): Promise<Answer>;
}

/** @param program a script that answers each line with one, in order, all of them JSON; it runs until the lab ends */
export function startAsked<Answer>(lab: Lab, host: string, program: URL, ...args: readonly string[]): Asked<Answer> {
  const script = fileURLToPath(program);
  const child = start(lab, host, [process.execPath, script, ...args]);
  const waiting: ((answer: Answer) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(JSON.parse(line) as Answer));
  const ended = once(child, "exit").then(([code]) => {
    throw new Error(`${script} on ${host} ended with exit code ${code}`);
  });
  ended.catch(() => {});
  return {
    ask(question) {
      const answer = new Promise<Answer>((resolve) => waiting.push(resolve));
      child.stdin.write(`${JSON.stringify(question)}\n`);
      return Promise.race([answer, ended]);
    },
  };
}
