/** What a node sends, taken at its port of the switch with the kernel's time stamps. Needs root: see private.ts. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { PLAN } from "../plan.ts";
import { OUTSIDE, pings } from "./segment.ts";

interface CapturedFrame {
  readonly atMs: number;
  readonly text: string;
}

export interface Capture {
  readonly frames: readonly CapturedFrame[];
  /** The first frame after now whose text contains this. */
  next(text: string): Promise<CapturedFrame>;
  stop(): void;
}

/** A frame of worker1 that claims nothing. */
export const MARKER = `(icmp and src host ${PLAN[4].inNodeSubnet(1)})`;

/** Sends the marker and resolves when it is captured, and with it whatever left before. Resolves with whether it was answered. */
export async function marker(port: Capture): Promise<boolean> {
  const seen = port.next("ICMP echo request");
  const answered = await pings("worker1", "-I", PLAN[4].inNodeSubnet(1), OUTSIDE);
  await seen;
  return answered;
}

/** Resolves when it listens: what is sent afterwards is seen. */
export async function capture(host: string, filter: string): Promise<Capture> {
  const [program = "", ...args] = [
    "tcpdump",
    "-l",
    "-nn",
    "-tt",
    "--immediate-mode",
    "-Q",
    "in",
    "-i",
    `port-${host}`,
    filter,
  ];
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"] });
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
