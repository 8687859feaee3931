/** Many bytes both ways, and what a pod learns about the path's MTU. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { execa } from "execa";
import { familyOf } from "../../nodeagent/addresses.ts";
import { PLAN, podHost } from "./plan.ts";

const PORT = 8082;
/** Hundreds of full segments each way. */
const BYTES = 1_000_000;

/** A server on a host that answers as many bytes as it was sent, on a connection; on the outside host also to datagrams. */
export async function startMirror(host: string): Promise<void> {
  const server = `require("node:net").createServer({ allowHalfOpen: true }, (s) => {
      let bytes = 0;
      s.on("error", () => {}).on("data", (data) => { bytes += data.length; }).on("end", () => s.end(Buffer.alloc(bytes)));
    }).listen(${PORT}, () => console.log("listening"));
    // Answers come from the address that was asked only where the socket has no other.
    for (const [type, address] of [["udp4", "${PLAN[4].witness}"], ["udp6", "${PLAN[6].witness}"]]) {
      const socket = require("node:dgram").createSocket(type).on("error", () => {});
      socket.on("message", (data, from) => socket.send(data, from.port, from.address)).bind(${PORT}, address);
    }`;
  const child = spawn("nsenter", [`--net=/run/netns/${host}`, process.execPath, "-e", server], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
}

/** Whether everything that the pod sent came back, within 5 s. */
export async function transfers(podIP: string, to: string): Promise<boolean> {
  const client = `let bytes = 0;
    const s = require("node:net").connect(${PORT}, "${to}", () => s.end(Buffer.alloc(${BYTES})));
    s.on("data", (data) => { bytes += data.length; }).on("close", () => console.log(bytes))`;
  const command = [`--net=/run/netns/${podHost(podIP)}`, "timeout", "5", process.execPath, "-e", client];
  const { stdout } = await execa("nsenter", command, { reject: false, stdin: "ignore" });
  return Number(stdout) === BYTES;
}

/** Larger than any MTU: it travels in fragments. */
const DATAGRAM_BYTES = 4_000;

/** Whether a large datagram came back within 5 s; one that was lost is sent again, since UDP does not do that itself. */
export async function echoesFragments(podIP: string, to: string): Promise<boolean> {
  const client = `const s = require("node:dgram").createSocket("udp${familyOf(to)}");
    s.on("message", (data) => { console.log(data.length); process.exit(); });
    setInterval(() => s.send(Buffer.alloc(${DATAGRAM_BYTES}), ${PORT}, "${to}"), 200)`;
  const command = [`--net=/run/netns/${podHost(podIP)}`, "timeout", "5", process.execPath, "-e", client];
  const { stdout } = await execa("nsenter", command, { reject: false, stdin: "ignore" });
  return Number(stdout) === DATAGRAM_BYTES;
}

const CLOSED_PORT = 8_083;

/**
 * Whether large datagrams to a port that nobody serves are refused within 5 s: they arrive, and so does the refusal. On the
 * way the pod may have to learn by an ICMP error about one of the fragments how large these may be.
 */
export async function refusesFragments(podIP: string, to: string): Promise<boolean> {
  const client = `const s = require("node:dgram").createSocket("udp${familyOf(to)}");
    s.on("error", ({ code }) => { if (code === "ECONNREFUSED") { console.log(code); process.exit(); } });
    s.connect(${CLOSED_PORT}, "${to}", () => setInterval(() => s.send(Buffer.alloc(${DATAGRAM_BYTES}), () => {}), 200))`;
  const command = [`--net=/run/netns/${podHost(podIP)}`, "timeout", "5", process.execPath, "-e", client];
  const { stdout } = await execa("nsenter", command, { reject: false, stdin: "ignore" });
  return stdout.includes("ECONNREFUSED");
}

/** The MTU that a pod was told by an ICMP error for packets of this size; `null` when it was told nothing. */
export async function mtuLearnt(podIP: string, to: string, packetBytes: number): Promise<number | null> {
  const headerBytes = to.includes(":") ? 48 : 28;
  const ping = [
    "ping",
    "-n",
    "-c",
    "2",
    "-i",
    "0.2",
    "-W",
    "1",
    "-M",
    "do",
    "-s",
    String(packetBytes - headerBytes),
    to,
  ];
  const { stdout, stderr } = await execa("nsenter", [`--net=/run/netns/${podHost(podIP)}`, ...ping], {
    reject: false,
    stdin: "ignore",
  });
  const mtu = /mtu[ :=]+(\d+)/.exec(stdout + stderr)?.[1];
  return mtu === undefined ? null : Number(mtu);
}
