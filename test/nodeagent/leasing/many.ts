/**
 * Many connections of a pod to the outside host: downloads, on which the pod is silent, uploads, on which the server is,
 * and datagrams that are answered. Each speaks at an interval, and the side that hears it says when it did last.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { podHost, witnessFor } from "../plan.ts";

const PORTS = { downloads: 9101, uploads: 9102, datagrams: 9103 } as const;

export type Kind = keyof typeof PORTS;

/** By kind, how many milliseconds ago each was heard of, and the longest that it was not, since the measuring began. */
export type Heard = Readonly<Partial<Record<Kind, readonly { readonly agoMs: number; readonly silenceMs: number }[]>>>;

/** In both processes: notes when something is heard of. */
const NOTING = `const heard = { downloads: [], uploads: [], datagrams: [] };
  const notes = (kind) => { const note = { at: performance.now(), silence: 0 }; heard[kind].push(note);
    return () => { const now = performance.now(); note.silence = Math.max(note.silence, now - note.at); note.at = now; }; };
  const answer = (now) => JSON.stringify(Object.fromEntries(Object.entries(heard).map(([kind, all]) => [kind, all.map(({ at, silence }) =>
    ({ agoMs: Math.round(now - at), silenceMs: Math.round(Math.max(silence, now - at)) }))])));
  require("node:readline").createInterface({ input: process.stdin }).on("line", (line) => {
    console.log(answer(performance.now()));
    if (line === "measure") for (const note of Object.values(heard).flat()) note.silence = 0;
  });`;

const SERVER = `${NOTING}
  const serve = (port, take) => require("node:net").createServer((s) => take(s.on("error", () => {}))).listen({ port, backlog: 1024 });
  serve(${PORTS.downloads}, (s) => { setInterval(() => s.write("."), Number(process.argv[2])); s.resume(); });
  serve(${PORTS.uploads}, (s) => { s.on("data", notes("uploads")); });
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (data, { port, address }) => socket.send(data, port, address)).bind(${PORTS.datagrams}, process.argv[1]);
  console.log("{}");`;

const CLIENT = `${NOTING}
  const [to, everyMs, count] = process.argv.slice(1);
  const open = [];
  const connected = (port, take) => new Promise((done) => {
    const s = require("node:net").connect(port, to, () => { take(s); done(); }).on("error", () => {});
  });
  (async () => {
    for (let i = 0; i < Number(count); i += 1) {
      open.push(connected(${PORTS.downloads}, (s) => s.on("data", notes("downloads"))));
      open.push(connected(${PORTS.uploads}, (s) => { s.resume(); setInterval(() => s.write("."), Number(everyMs)); }));
      const socket = require("node:dgram").createSocket("udp4").on("error", () => {});
      socket.on("message", notes("datagrams")).connect(${PORTS.datagrams}, to, () => setInterval(() => socket.send(".", () => {}), Number(everyMs)));
      if (i % 50 === 49) await Promise.all(open);
    }
    await Promise.all(open);
    console.log("{}");
  })();`;

export interface Party {
  /** And begins to measure anew. */
  measure(): Promise<Heard>;
  ask(): Promise<Heard>;
}

async function start(host: string, script: string, args: readonly string[]): Promise<Party> {
  const command = [`--net=/run/netns/${host}`, process.execPath, "-e", script, ...args];
  const child = spawn("nsenter", command, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  async function say(line: string): Promise<Heard> {
    const answer = once(lines, "line");
    child.stdin.write(`${line}\n`);
    return JSON.parse((await answer)[0]) as Heard;
  }
  return { measure: () => say("measure"), ask: () => say("ask") };
}

export const startManyServer = (everyMs: number): Promise<Party> =>
  start("outside", SERVER, [witnessFor("0.0.0.0"), String(everyMs)]);

/** Resolves when all are open. */
export const startMany = (pod: string, everyMs: number, count: number): Promise<Party> =>
  start(podHost(pod), CLIENT, [witnessFor(pod), String(everyMs), String(count)]);
