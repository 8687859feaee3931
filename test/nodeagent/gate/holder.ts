/** A process that runs hold.ts in a gateway's network namespace. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import type { Order } from "./hold.ts";
import { freshKey } from "./keys.ts";

export interface Holder {
  tell(order: Order): Promise<unknown>;
  /** Neither it nor its timers run until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): void;
}

export function startHolder(host: string, key = freshKey(), uid?: number): Holder {
  const script = new URL("hold.ts", import.meta.url).pathname;
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${host}`, process.execPath, script, key, ...(uid === undefined ? [] : [String(uid)])],
    {
      stdio: ["pipe", "pipe", "inherit"],
    },
  );
  // It may be killed before it has read everything.
  child.stdin.on("error", () => {});
  const waiting: ((answer: unknown) => void)[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => waiting.shift()?.(JSON.parse(line)));
  return {
    tell(order) {
      child.stdin.write(`${JSON.stringify(order)}\n`);
      return new Promise((resolve) => waiting.push(resolve));
    },
    freeze: () => void child.kill("SIGSTOP"),
    thaw: () => void child.kill("SIGCONT"),
    stop: () => void child.kill("SIGKILL"),
  };
}
