/**
 * What a message between two agents costs: made into JSON, sealed, sent over loopback, opened, checked and parsed, beside
 * bare sockets that carry the same JSON. And what it takes to tell 5,000 source nodes of a move, network aside. Run with
 * `node test/bench/peers.bench.ts`.
 */
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { startMoves } from "../../nodeagent/moves/moves.ts";
import { openPeers, type Peers } from "../../nodeagent/peers/peers.ts";
import { openUdp } from "../../nodeagent/peers/udp.ts";
import type { Peer } from "../../policies/nodestate.ts";
import { newIdentity } from "../nodeagent/peers/cluster.ts";

const PORT = 7791;
const ROUNDS = 15;
const MESSAGES = 2_000;
/** Sent before the first is waited for: small enough for any receive buffer. */
const BURST = 5;
const SOURCES = 5_000;

const quiet = { info() {}, warn() {}, error() {} };
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;

interface Way {
  send(message: unknown): void;
  onHeard: () => void;
  close(): void;
}

async function peersWay(): Promise<Way> {
  const identities = [newIdentity(1), newIdentity(1)];
  const nodes = identities.map(
    ({ publicKey }, index): Peer => ({ node: `n${index}`, ip: `127.77.0.${index + 1}`, publicKey }),
  );
  const met = Array.from({ length: 2 }, () => Promise.withResolvers<void>());
  const agents = identities.map((identity, index): Peers => {
    const peers = openPeers({
      ...{ node: `n${index}`, port: PORT, identity, openUdp, nowMs: () => performance.now(), log: quiet },
      onMessage: () => way.onHeard(),
      onMet: () => met[index]?.resolve(),
    });
    peers.follow(nodes[index]?.ip ?? "", nodes);
    return peers;
  });
  const way: Way = {
    send: (message) => agents[0]?.send("n1", message),
    onHeard() {},
    close() {
      for (const peers of agents) peers.close();
    },
  };
  await Promise.all(met.map(({ promise }) => promise));
  return way;
}

async function bareWay(): Promise<Way> {
  const [from, to] = [createSocket("udp4"), createSocket("udp4")];
  to.bind(PORT, "127.77.0.3");
  await once(to, "listening");
  from.connect(PORT, "127.77.0.3");
  await once(from, "connect");
  const way: Way = {
    send: (message) => from.send(JSON.stringify(message)),
    onHeard() {},
    close() {
      from.close();
      to.close();
    },
  };
  to.on("message", (bytes) => {
    JSON.parse(bytes.toString());
    way.onHeard();
  });
  return way;
}

/** In microseconds for one message. */
async function costOf(way: Way, make: (number: number) => unknown): Promise<number> {
  const start = performance.now();
  for (let sent = 0; sent < MESSAGES; sent += BURST) {
    const heard = Promise.withResolvers<void>();
    let missing = BURST;
    way.onHeard = () => {
      missing -= 1;
      if (missing === 0) heard.resolve();
    };
    for (let count = 0; count < BURST; count++) way.send(make(sent + count));
    await heard.promise;
  }
  return ((performance.now() - start) * 1_000) / MESSAGES;
}

const heartbeat = (claims: number) => {
  const held = Array.from({ length: claims }, (_, index) => [`192.168.${index >> 8}.${index & 255}`, 1 + (index % 7)]);
  return (number: number) => ({
    ...{ type: "heartbeat", set: 3, generation: 1_790_000_000_000, number, lease: "short", claims: held, watch: 2 },
  });
};

const ways = { peers: await peersWay(), bare: await bareWay() };
for (const claims of [1, 50, 250, 1_000]) {
  const make = heartbeat(claims);
  const costs = { peers: [] as number[], bare: [] as number[] };
  // In turns, so that a busy moment of the machine hits both.
  for (let round = 0; round < ROUNDS; round++) {
    for (const way of ["peers", "bare"] as const) costs[way].push(await costOf(ways[way], make));
  }
  const [peers, bare] = [median(costs.peers.slice(3)), median(costs.bare.slice(3))];
  const bytes = JSON.stringify(make(1)).length;
  console.log(
    `${String(claims).padStart(5)} claims, ${String(bytes).padStart(6)} bytes of JSON: ${peers.toFixed(0)} µs a message, ` +
      `${(1e6 / peers).toFixed(0)}/s; bare sockets ${bare.toFixed(0)} µs; ratio ${(peers / bare).toFixed(2)}`,
  );
}
ways.peers.close();
ways.bare.close();

/** The machine's part of telling everybody: messages made, sealed, and handed to a socket that takes them. */
async function tellEverybody(): Promise<{ readonly greetMs: number; readonly tellMs: number; readonly bytes: number }> {
  const identity = newIdentity(1);
  const { publicKey } = newIdentity(1);
  const nodes = Array.from(
    { length: SOURCES },
    (_, index): Peer => ({ node: `source${index}`, ip: `10.${index >> 8}.${index & 255}.1`, publicKey }),
  );
  let sent = 0;
  let all = Promise.withResolvers<void>();
  const memory = process.memoryUsage().rss;
  const peers = openPeers({
    ...{ node: "gateway", port: PORT, identity, nowMs: () => performance.now(), log: quiet },
    openUdp({ onBound }) {
      setImmediate(() => onBound(null));
      return {
        send() {
          sent += 1;
          if (sent === SOURCES) all.resolve();
        },
        close() {},
      };
    },
    onMessage() {},
    onMet() {},
  });
  const timeMs = async (start: () => void): Promise<number> => {
    sent = 0;
    all = Promise.withResolvers<void>();
    const at = performance.now();
    start();
    await all.promise;
    return performance.now() - at;
  };
  const greetMs = await timeMs(() => peers.follow("10.255.255.1", nodes));
  const moves = startMoves({ send: peers.send, onMoved() {}, nowMs: () => performance.now() });
  moves.knowPeers(nodes.map(({ node }) => node));
  const tellMs = await timeMs(() => moves.hold([["192.168.1.100", 2]]));
  moves.close();
  peers.close();
  return { greetMs, tellMs, bytes: process.memoryUsage().rss - memory };
}

const runs = [];
for (let round = 0; round < 5; round++) runs.push(await tellEverybody());
const greetMs = median(runs.map((run) => run.greetMs));
const tellMs = median(runs.map((run) => run.tellMs));
console.log(
  `${SOURCES} source nodes: keys derived and greeted in ${greetMs.toFixed(0)} ms; all told of a move in ${tellMs.toFixed(0)} ms`,
);
console.log(`memory for them: ${((runs[0]?.bytes ?? 0) / 2 ** 20).toFixed(1)} MiB`);
