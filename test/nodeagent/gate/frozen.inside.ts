/** A gateway's agent is frozen while a connection through its floating IP is busy. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { sh } from "../network.ts";
import { capture, MARKER, marker } from "./capture.ts";
import { startHolder } from "./holder.ts";
import { buildSegment, CLAIMS, FLOATING, FLOATING6 } from "./segment.ts";

const HEARTBEAT_MS = 100;
const PORT = 7000;

/** Says something every 5 ms to whoever connects. */
const SERVER = `const { createServer } = require("node:net");
  createServer((s) => { setInterval(() => s.write("x"), 5); s.on("error", () => {}); }).listen(${PORT}, () => console.log("listening"))`;
const CLIENT = `require("node:net").connect(${PORT}, "${FLOATING}").on("data", () => console.log("data"))`;

async function startNode(host: string, script: string): Promise<void> {
  const child = spawn("nsenter", [`--net=/run/netns/${host}`, process.execPath, "-e", script], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await delay(5);
}

async function isEmpty(set: "armed" | "lease"): Promise<boolean> {
  return !(await sh("worker1", `nft list set netdev sallyport_lease ${set}`)).includes("elements");
}

const scope = await buildSegment();
const port = await capture("worker1", `${CLAIMS} or ${MARKER}`);
await startHolder("worker2").tell({ do: "guard", scope });
const holder = startHolder("worker1");
await holder.tell({ do: "guard", scope });
await holder.tell({ do: "begin", generation: 1, ips: [FLOATING, FLOATING6] });

let heartbeats = 0;
async function heartbeat(): Promise<void> {
  heartbeats += 1;
  await holder.tell({ do: "arm", number: heartbeats });
  await holder.tell({ do: "refresh", number: heartbeats });
}
await heartbeat();
const beating = setInterval(heartbeat, HEARTBEAT_MS);
await startNode("worker1", SERVER);
await startNode("outside", CLIENT);
spawn("nsenter", ["--net=/run/netns/outside", "ping", "-q", "-i", "0.005", FLOATING6], { stdio: "ignore" });
await until(async () => port.frames.some(({ text }) => text.includes("echo reply")));
await until(async () => heartbeats > 10);
clearInterval(beating);

const frozenAtMs = Date.now();
holder.freeze();
await until(() => isEmpty("lease"));
const lasts = (text: string) => (port.frames.findLast((frame) => frame.text.includes(text))?.atMs ?? 0) - frozenAtMs;
await marker(port);
const silentAfterMs = { established: lasts(`IP ${FLOATING}.${PORT} >`), ipv6: lasts(`IP6 ${FLOATING6} >`) };

// An acknowledgement that waited in a queue while the agent slept.
holder.thaw();
await holder.tell({ do: "arm", number: 1_000 });
holder.freeze();
const late = holder.tell({ do: "refresh", number: 1_000 });
await until(() => isEmpty("armed"));
holder.thaw();
const refreshedWithOldAcknowledgement = await late;
const again = [await holder.tell({ do: "arm", number: 1_001 }), await holder.tell({ do: "refresh", number: 1_001 })];

console.log(JSON.stringify({ silentAfterMs, refreshedWithOldAcknowledgement, again }));
process.exit(0);
