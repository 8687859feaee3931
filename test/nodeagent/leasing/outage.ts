/** What a pod feels: an echo to the outside host every 10 ms, through a floating IP and back. */
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { until } from "../../lab/until.ts";
import { podHost, witnessFor } from "../plan.ts";

export interface Echoes {
  /** Resolves when so many more have come back. */
  more(count: number): Promise<void>;
  /** The longest time without one, and how many are lost for good; after the first ones. */
  stop(): Promise<Outage>;
}

export interface Outage {
  readonly gapMs: number;
  readonly lost: number;
}

const INTERVAL_S = "0.01";
const SETTLE_MS = 300;

export function startEchoes(pod: string): Echoes {
  const child = spawn(
    "nsenter",
    [`--net=/run/netns/${podHost(pod)}`, "ping", "-D", "-i", INTERVAL_S, witnessFor(pod)],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  const atMs: number[] = [];
  const numbers: number[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => {
    const [, seconds, number] = /^\[([\d.]+)\] .*icmp_seq=(\d+) ttl/.exec(line) ?? [];
    if (seconds === undefined) return;
    atMs.push(Number(seconds) * 1_000);
    numbers.push(Number(number));
  });
  return {
    async more(count) {
      const wanted = atMs.length + count;
      await until(`${count} echoes`, () => atMs.length >= wanted, { timeoutMs: 10_000 });
    },
    async stop() {
      await new Promise((resolve) => setTimeout(resolve, SETTLE_MS));
      child.kill();
      const gaps = atMs.slice(1).map((at, index) => at - (atMs[index] ?? at));
      const sent = (numbers.at(-1) ?? 0) - (numbers[0] ?? 0) + 1;
      return { gapMs: Math.round(gaps.reduce((most, gap) => Math.max(most, gap), 0)), lost: sent - numbers.length };
    },
  };
}
