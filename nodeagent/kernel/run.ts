/**
 * Runs one of the kernel's command line tools: an argument array, never a shell.
 *
 * `execFile` and not execa, because of memory: an agent looks at its kernel again and again. After 540 commands a process
 * with execa has 152 MB, one with execFile 73 MB (Node 26, both with node:https loaded).
 */
import { execFile } from "node:child_process";
import { COMMAND_TIMEOUT_MS } from "../constants.ts";
import { TOOL_ENVIRONMENT } from "./environment.ts";

export interface CommandResult {
  /** `null` when the program could not be started or was killed. */
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The program is not installed. */
  readonly missing: boolean;
}

/** A command that failed. Whether that was to be expected is decided by the door that ran it. */
export class CommandError extends Error {
  readonly stderr: string;
  /** The object the command names does not exist. */
  readonly notFound: boolean;
  /** The object the command creates exists already. */
  readonly alreadyThere: boolean;

  constructor(command: readonly string[], result: CommandResult) {
    const reason = firstLine(result.stderr) || (result.missing ? "not installed" : `exit code ${result.exitCode}`);
    super(`${command.join(" ")}: ${reason}`);
    this.name = "CommandError";
    this.stderr = result.stderr;
    this.notFound = /No such file or directory|No such process|Cannot find device|Cannot assign requested address/.test(
      result.stderr,
    );
    this.alreadyThere = /File exists|already assigned/.test(result.stderr);
  }
}

/** Killed, since a pass must have an end: whatever else is asked for waits for it. */
const OPTIONS = {
  env: TOOL_ENVIRONMENT,
  timeout: COMMAND_TIMEOUT_MS,
  killSignal: "SIGKILL",
  maxBuffer: 256 << 20,
} as const;

/**
 * Never throws for a command that fails: the caller reads the exit code.
 *
 * @param input standard input; empty without it
 */
export function tryRun(program: string, args: readonly string[], input?: Buffer): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = execFile(program, args, OPTIONS, (error, stdout, stderr) => {
      const code = error === null ? 0 : error.code;
      resolve({ exitCode: typeof code === "number" ? code : null, stdout, stderr, missing: code === "ENOENT" });
    });
    // A program that ends before it has read everything is told by its exit code.
    child.stdin?.on("error", () => {}).end(input);
  });
}

/** Resolves with standard output; throws `CommandError` when the exit code is not 0. */
export async function run(program: string, args: readonly string[], input?: Buffer): Promise<string> {
  const result = await tryRun(program, args, input);
  if (result.exitCode !== 0) throw new CommandError([program, ...args], result);
  return result.stdout;
}

function firstLine(text: string): string {
  return text.split("\n").find((line) => line.trim() !== "") ?? "";
}
