/**
 * Connections of every kind between pods and the outside host: one that is idle, one on which the pod speaks and is
 * answered, one on which only the server speaks, datagrams one way, and datagrams that are answered. Each side says what
 * became of its end; the outside host counts packets by source address before anything else sees them.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import { setName, WORDS } from "../../nodeagent/skeleton/words.ts";
import { sh } from "./network.ts";
import { podHost, witnessFor } from "./plan.ts";

export const TCP_PORTS = { idle: 9001, talk: 9002, download: 9003 } as const;
const UDP_PORTS = { oneWay: 9011, answered: 9012 } as const;
const EVERY_MS = 5;

const SERVER = `const ends = {};
  const serve = (port, speak) => require("node:net").createServer((s) => {
    const key = port + " " + s.remoteAddress.replace("::ffff:", "") + " " + s.remotePort;
    ends[key] = "open";
    const timer = speak ? setInterval(() => s.write("."), ${EVERY_MS}) : undefined;
    s.on("data", (data) => { if (port === ${TCP_PORTS.talk}) s.write(data); })
      .on("error", ({ code }) => { ends[key] = code === "ECONNRESET" ? "reset" : code; })
      .on("close", (failed) => { clearInterval(timer); if (!failed) ends[key] = "closed"; });
  }).listen(port);
  serve(${TCP_PORTS.idle}, false); serve(${TCP_PORTS.talk}, false); serve(${TCP_PORTS.download}, true);
  for (const type of ["udp4", "udp6"]) {
    const socket = require("node:dgram").createSocket({ type, ipv6Only: type === "udp6" }).on("error", () => {});
    socket.on("message", (data, { port, address }) => socket.send(data, port, address)).bind(${UDP_PORTS.answered}, process.argv[type === "udp4" ? 1 : 2]);
    require("node:dgram").createSocket({ type, ipv6Only: type === "udp6" }).on("error", () => {}).bind(${UDP_PORTS.oneWay});
  }
  require("node:readline").createInterface({ input: process.stdin }).on("line", () => console.log(JSON.stringify(ends)));
  console.log("{}");`;

const CLIENT = `const ends = {};
  const [to, type] = process.argv.slice(1);
  for (const [name, port] of Object.entries(${JSON.stringify(TCP_PORTS)})) {
    ends[name] = { end: "opening", bytes: 0 };
    const s = require("node:net").connect(port, to, () => { Object.assign(ends[name], { end: "open", port: s.localPort }); });
    const timer = name === "talk" ? setInterval(() => s.write("."), ${EVERY_MS}) : undefined;
    s.on("data", (data) => { ends[name].bytes += data.length; })
      .on("error", ({ code }) => { ends[name].end = code === "ECONNRESET" ? "reset" : code; })
      .on("close", (failed) => { clearInterval(timer); if (!failed) ends[name].end = "closed"; });
  }
  for (const port of ${JSON.stringify(Object.values(UDP_PORTS))}) {
    const socket = require("node:dgram").createSocket(type).on("error", () => {});
    setInterval(() => socket.send(".", port, to, () => {}), ${EVERY_MS});
  }
  require("node:readline").createInterface({ input: process.stdin }).on("line", () => console.log(JSON.stringify(ends)));
  console.log("{}");`;

interface Asked<Answer> {
  ask(): Promise<Answer>;
  stop(): void;
}

interface ClientEnd {
  readonly end: string;
  readonly port: number;
  readonly bytes: number;
}

export type ClientEnds = Readonly<Record<keyof typeof TCP_PORTS, ClientEnd>>;

/** By server port, address and port of the peer as the server sees it. */
export type ServerEnds = Readonly<Record<string, string>>;

async function start<Answer>(host: string, script: string, args: readonly string[]): Promise<Asked<Answer>> {
  const command = [`--net=/run/netns/${host}`, process.execPath, "-e", script, ...args];
  const child = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  return {
    async ask() {
      const answer = once(lines, "line");
      child.stdin.write("?\n");
      return JSON.parse((await answer)[0]) as Answer;
    },
    stop: () => child.kill("SIGKILL"),
  };
}

export const startServer = () => start<ServerEnds>("outside", SERVER, [witnessFor("0.0.0.0"), witnessFor("::")]);

export const startClient = (ip: string) =>
  start<ClientEnds>(podHost(ip), CLIENT, [witnessFor(ip), ip.includes(":") ? "udp6" : "udp4"]);

export async function startCounting(): Promise<void> {
  const commands = FAMILIES.flatMap((family) => {
    const [{ ip }, set] = [WORDS[family], setName("seen", family)];
    return [
      `add set inet witness ${set} { typeof ${ip} saddr . meta l4proto . th dport; size 65535; flags dynamic; counter; }`,
      `add rule inet witness first ${ip} daddr ${witnessFor(family === 4 ? "0.0.0.0" : "::")} update @${set} { ${ip} saddr . meta l4proto . th dport }`,
    ];
  });
  await sh(
    "outside",
    `nft 'add table inet witness; add chain inet witness first { type filter hook prerouting priority -300; }; ${commands.join("; ")}'`,
  );
}

/** Packets since the last time, by what the pod sent: TCP or a kind of datagrams, and source address. */
export async function countedSince(family: Family): Promise<Readonly<Record<string, number>>> {
  const set = `inet witness ${setName("seen", family)}`;
  const listing = JSON.parse(await sh("outside", `nft -j list set ${set}; nft flush set ${set}`));
  const elements = listing.nftables.flatMap((object: { set?: { elem?: unknown[] } }) => object.set?.elem ?? []);
  const counts: Record<string, number> = {};
  for (const { elem } of elements) {
    const [source, , port] = elem.val.concat;
    const kind = Object.entries(UDP_PORTS).find(([, each]) => each === port)?.[0] ?? "tcp";
    const key = `${kind} ${source}`;
    counts[key] = (counts[key] ?? 0) + elem.counter.packets;
  }
  return counts;
}
