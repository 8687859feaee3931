/**
 * What runs in a pod: told a port, it sends to the outside host at once and again and again, from fresh sockets, and does
 * not mind that there is no network yet. Asked, it tells how long its first packets were held.
 *
 *     node pod-process.ts OUTSIDE      lines: {"port": …} begins, {} asks, {"port": 0} ends; answers: {"heldMs": …}
 */
import { createSocket } from "node:dgram";
import { connect } from "node:net";
import { createInterface } from "node:readline";

const [outside = ""] = process.argv.slice(2);
/** In the first moments, when a packet may leak; later it is one of many pods on a shared machine. */
const EAGER_MS = 300;
const DATAGRAM_EVERY_MS = { eager: 1, later: 50 };
const CONNECT_EVERY_MS = { eager: 10, later: 500 };
const GIVE_UP_MS = 3_000;

interface Run {
  readonly port: number;
  /** The first packet that the network took. */
  sentMs: number | null;
  answeredMs: number | null;
  /** What a later pod of this place must not send for this one. */
  readonly close: Set<() => void>;
}

const begin = (port: number): Run => ({ port, sentMs: null, answeredMs: null, close: new Set() });
let run = begin(0);

function sendDatagram(mine: Run): void {
  const socket = createSocket("udp4").on("error", () => {});
  socket.on("message", () => answered(mine));
  socket.send("x", mine.port, outside, (error) => {
    if (error === null) mine.sentMs ??= performance.now();
  });
  closeLater(mine, () => socket.close());
}

function openConnection(mine: Run): void {
  const socket = connect({ host: outside, port: mine.port }).on("error", () => {});
  socket
    .on("connect", () => socket.write("x"))
    .on("data", () => {
      answered(mine);
      socket.destroy();
    });
  closeLater(mine, () => socket.destroy());
}

function closeLater({ close }: Run, work: () => void): void {
  const once = (): void => {
    if (close.delete(once)) work();
  };
  close.add(once);
  setTimeout(once, GIVE_UP_MS);
}

function answered(mine: Run): void {
  mine.answeredMs ??= performance.now();
}

function repeat(
  mine: Run,
  act: (mine: Run) => void,
  everyMs: { readonly eager: number; readonly later: number },
): void {
  if (mine !== run) return;
  act(mine);
  const isEager = mine.sentMs === null || performance.now() - mine.sentMs < EAGER_MS;
  setTimeout(() => repeat(mine, act, everyMs), isEager ? everyMs.eager : everyMs.later);
}

createInterface({ input: process.stdin }).on("line", (line) => {
  const { port } = JSON.parse(line) as { readonly port?: number };
  if (port !== undefined) {
    for (const close of run.close) close();
    run = begin(port);
    if (port !== 0) {
      repeat(run, sendDatagram, DATAGRAM_EVERY_MS);
      repeat(run, openConnection, CONNECT_EVERY_MS);
    }
  }
  const { sentMs, answeredMs } = run;
  console.log(JSON.stringify({ heldMs: sentMs === null || answeredMs === null ? null : answeredMs - sentMs }));
});
