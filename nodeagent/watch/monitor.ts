/** A program that prints a line for each event, kept running. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { createBackoff } from "../backoff.ts";
import { TOOL_ENVIRONMENT } from "../kernel/environment.ts";
import type { Log } from "../log.ts";

const RESTART_LEAST_MS = 500;
/** Foreign changes go unseen meanwhile. */
const RESTART_MOST_MS = 10_000;
/** One that ran so long did not fail at its start. */
const SETTLED_MS = 60_000;

export interface MonitorParts {
  readonly program: string;
  readonly args: readonly string[];
  readonly onLine: (line: string) => void;
  /** It lost events, or runs again: what happened in between was not seen. */
  readonly onGap: () => void;
  /** As `Math.random`. */
  readonly random: () => number;
  readonly log: Log;
}

/** Resolves when the signal aborts and the program has ended. */
export async function runMonitor(parts: MonitorParts, signal: AbortSignal): Promise<void> {
  const { program, args, log } = parts;
  const backoff = createBackoff(RESTART_LEAST_MS, RESTART_MOST_MS, parts.random);
  while (!signal.aborted) {
    const startedMs = performance.now();
    const ended = await runOnce(parts, signal);
    if (signal.aborted) return;
    if (performance.now() - startedMs > SETTLED_MS) backoff.reset();
    const waitMs = Math.round(backoff.nextMs());
    const reason = `${[program, ...args].join(" ")} ended: ${ended}`;
    log.warn({ reason, waitMs }, "foreign changes are found by the regular check only, until it runs again");
    await delay(waitMs, undefined, { signal }).catch(() => {});
    parts.onGap();
  }
}

/** Resolves with how it ended. */
async function runOnce({ program, args, onLine, onGap }: MonitorParts, signal: AbortSignal): Promise<string> {
  const child = spawn(program, args, { env: TOOL_ENVIRONMENT, stdio: ["ignore", "pipe", "pipe"], signal });
  // A socket that overflowed, as all that they complain of.
  child.stderr.on("data", onGap);
  createInterface({ input: child.stdout }).on("line", onLine);
  try {
    const [code, killedBy] = await once(child, "close");
    return killedBy === null ? `exit code ${code}` : `by ${killedBy}`;
  } catch (error) {
    return (error as Error).message;
  }
}
