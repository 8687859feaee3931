/** The node as the checks see it: answers of commands, and files. Each is read once, however many checks ask for it. */
import { readdir, readFile } from "node:fs/promises";
import { type CommandResult, tryRun } from "../kernel/run.ts";

export interface NodeView {
  run(program: string, ...args: readonly string[]): Promise<CommandResult>;
  /** `null` when there is no such file, or it may not be read. */
  read(path: string): Promise<string | null>;
  /** Empty when there is no such directory, or it may not be read. */
  names(directory: string): Promise<readonly string[]>;
}

export function openNodeView(): NodeView {
  return rememberAnswers({
    run: (program, ...args) => tryRun(program, args),
    read: (path) => readFile(path, "utf8").catch(() => null),
    names: (directory) => readdir(directory).catch(() => []),
  });
}

function rememberAnswers(view: NodeView): NodeView {
  const commands = new Map<string, Promise<CommandResult>>();
  const remembered = (program: string, ...args: readonly string[]) => {
    const command = [program, ...args].join("\0");
    const answer = commands.get(command) ?? view.run(program, ...args);
    commands.set(command, answer);
    return answer;
  };
  return { ...view, run: remembered };
}

/** What a command prints as JSON; `null` when it fails. iproute2 prints nothing where there is nothing. */
export async function readJson<T>(view: NodeView, program: string, ...args: readonly string[]): Promise<T | null> {
  const { exitCode, stdout } = await view.run(program, ...args);
  if (exitCode !== 0) return null;
  return JSON.parse(stdout.trim() === "" ? "[]" : stdout) as T;
}

/** The program ended by a signal, or never: nft does where it meets objects of another version of itself. */
export function hasCrashed({ exitCode, missing }: CommandResult): boolean {
  return exitCode === null && !missing;
}

/** `path` as `ipv4/ip_forward`; `null` when there is no such setting. */
export async function readSysctl(view: NodeView, path: string): Promise<number | null> {
  const text = await view.read(`/proc/sys/net/${path}`);
  return text === null ? null : Number(text);
}
