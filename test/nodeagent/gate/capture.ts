/** What a node sends, taken at its port of the switch with the kernel's time stamps. Needs root: see private.ts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";

export interface CapturedFrame {
  readonly atMs: number;
  readonly text: string;
}

export interface Capture {
  readonly frames: readonly CapturedFrame[];
  /** The first frame after now whose text contains this. */
  next(text: string): Promise<CapturedFrame>;
  stop(): void;
}

/** Resolves when it listens: what is sent afterwards is seen. */
export async function capture(host: string, filter: string): Promise<Capture> {
  const args = ["-l", "-nn", "-tt", "--immediate-mode", "-Q", "in", "-i", `port-${host}`, filter];
  const child = spawn("tcpdump", args, { stdio: ["ignore", "pipe", "pipe"] });
  const frames: CapturedFrame[] = [];
  const waiting = new Map<string, (frame: CapturedFrame) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, seconds = "0", text = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    const frame = { atMs: Number(seconds) * 1_000, text };
    frames.push(frame);
    for (const [wanted, resolve] of waiting) if (text.includes(wanted)) resolve(frame);
  });
  await once(child.stderr, "data");
  return {
    frames,
    next: (text) =>
      new Promise((resolve) => {
        waiting.set(text, (frame) => {
          waiting.delete(text);
          resolve(frame);
        });
      }),
    stop: () => void child.kill(),
  };
}
