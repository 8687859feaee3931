/**
 * What a pod feels of its gateway: echoes of the outside host every 10 ms, and a TCP connection on which both sides answer
 * each other at once. Asked {"mark": true}, it begins to measure anew; {"again": true}: with a new connection.
 *
 *     node pulse.ts OUTSIDE PORT      answers: Pulse as JSON
 */
import { spawn } from "node:child_process";
import { connect, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface Pulse {
  /** The longest time without an answer since the mark, and since when there is none, in milliseconds. */
  readonly icmpGapMs: number;
  readonly icmpSilentMs: number;
  readonly tcpGapMs: number;
  readonly tcpSilentMs: number;
  /** Connections that ended although nobody ended them. */
  readonly broken: number;
}

const [outside = "", port = ""] = process.argv.slice(2);
const EVERY_S = "0.01";
const PAUSE_MS = 5;
const AGAIN_MS = 50;

function createBeat() {
  let lastMs: number | null = null;
  let gapMs = 0;
  return {
    beat() {
      const nowMs = performance.now();
      gapMs = Math.max(gapMs, nowMs - (lastMs ?? nowMs));
      lastMs = nowMs;
    },
    mark() {
      gapMs = 0;
    },
    silentMs: () => (lastMs === null ? Number.MAX_SAFE_INTEGER : performance.now() - lastMs),
    gapMs: () => gapMs,
  };
}

let current: Socket | null = null;
const icmp = createBeat();
const tcp = createBeat();
let broken = 0;

const ping = spawn("ping", ["-n", "-i", EVERY_S, outside], { stdio: ["ignore", "pipe", "ignore"] });
createInterface({ input: ping.stdout }).on("line", (line) => {
  if (line.includes("bytes from")) icmp.beat();
});

function converse(): void {
  const socket: Socket = connect({ host: outside, port: Number(port), noDelay: true });
  let open = false;
  current = socket;
  socket.on("error", () => {});
  socket.on("connect", () => {
    open = true;
    socket.write("x");
  });
  socket.on("data", () => {
    tcp.beat();
    setTimeout(() => socket.write("x"), PAUSE_MS);
  });
  socket.on("close", () => {
    if (open && socket === current) broken += 1;
    setTimeout(converse, AGAIN_MS);
  });
}
converse();

createInterface({ input: process.stdin }).on("line", (line) => {
  const { mark, again } = JSON.parse(line) as { readonly mark?: boolean; readonly again?: boolean };
  if (mark) {
    icmp.mark();
    tcp.mark();
  }
  if (again) {
    const former = current;
    current = null;
    former?.destroy();
  }
  const pulse: Pulse = {
    icmpGapMs: icmp.gapMs(),
    icmpSilentMs: icmp.silentMs(),
    tcpGapMs: tcp.gapMs(),
    tcpSilentMs: tcp.silentMs(),
    broken,
  };
  console.log(JSON.stringify(pulse));
});
