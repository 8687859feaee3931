// Beyond the contract: lost greetings, a network at its worst, and a flood
import { spawn } from "node:child_process";
import { createSocket } from "node:dgram";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { startMoves } from "../../../nodeagent/moves/moves.ts";
import { parseMoveMessage } from "../../../nodeagent/moves/validate.ts";
import { createRandom } from "../../sim/random.ts";
import { type Agent, createCluster } from "./cluster.ts";
import { fakePlace, kernelPlace } from "./places.ts";

describe("when greetings are lost", () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  test("they are repeated until the peer knows this run, and not any more then", async () => {
    const place = fakePlace();
    const cluster = createCluster(place);
    place.setWeather({ loss: 1, duplicates: 0, delayMs: 0 });
    const [a, b] = ["a", "b"].map(cluster.start) as [Agent, Agent];
    const only = (node: string) => cluster.peersOf(node).filter((peer) => peer.node < "c");
    for (const agent of [a, b]) agent.follow(agent.ip, only(agent.node));
    await place.until(() => a.sentDatagrams.length === 1 && b.sentDatagrams.length === 1);
    place.setWeather({ loss: 0, duplicates: 0, delayMs: 0 });
    vi.advanceTimersByTime(5_000);
    await place.until(() => a.met.length === 1 && b.met.length === 1);
    await place.pass(1_000);
    const before = a.sentDatagrams.length + b.sentDatagrams.length;
    vi.advanceTimersByTime(60_000);
    await place.pass(1_000);
    expect(a.sentDatagrams.length + b.sentDatagrams.length).toBe(before);
    cluster.close();
  });
});

test.each([1, 2, 3, 4, 5])("in storm %i every message is heard at most once, whole, from who said it", async (seed) => {
  const place = fakePlace(seed);
  const cluster = createCluster(place);
  const random = createRandom(seed);
  const agents = await cluster.meet("a", "b", "c");
  place.setWeather({ loss: 0.1, duplicates: 0.3, delayMs: 40 });
  const said = new Map<string, string>();
  for (let count = 0; count < 300; count++) {
    const from = random.pick(agents);
    const to = random.pick(agents.filter((agent) => agent !== from));
    // Some in one piece, some in several.
    const text = Array.from({ length: Math.floor(random.between(1, 900)) }, () => Math.floor(random.next() * 1e9));
    const message = { from: from.node, to: to.node, count, text };
    said.set(JSON.stringify(message), from.node);
    from.send(to.node, message);
    await place.pass(5);
  }
  await place.pass(1_000);
  for (const agent of agents) {
    const heard = agent.heard.map(([, message]) => JSON.stringify(message));
    expect(new Set(heard).size).toBe(heard.length);
    for (const [from, message] of agent.heard) expect(said.get(JSON.stringify(message))).toBe(from);
    expect(heard.length).toBeGreaterThan(50);
    expect(agent.dropped("forged") + agent.dropped("malformed") + agent.dropped("unreadable")).toBe(0);
  }
  cluster.close();
});

test("a source node whose agent starts anew hears of all holders again, from real sockets too", async () => {
  const network = `127.${process.pid & 255}.${(process.pid >> 8) & 255}`;
  const place = kernelPlace([11, 12, 13, 14].map((host) => `${network}.${host}`));
  const cluster = createCluster(place);
  const holders = new Map<string, string>();
  const movesOf = (agent: Agent) =>
    startMoves({
      send: agent.send,
      nowMs: () => performance.now(),
      onMoved(moved) {
        for (const { ip, node } of moved) holders.set(ip, node);
      },
    });
  const join = (agent: Agent) => {
    const moves = movesOf(agent);
    agent.onMessage = (from, message) => {
      const parsed = parseMoveMessage(message);
      if (parsed !== null) moves.receive(from, parsed);
    };
    agent.onMet = moves.met;
    moves.knowPeers(["a", "b"].filter((node) => node !== agent.node));
    agent.follow(
      agent.ip,
      cluster.peersOf(agent.node).filter(({ node }) => node < "c"),
    );
    return moves;
  };
  const gateway = join(cluster.start("a"));
  const source = cluster.start("b");
  const moves = join(source);
  moves.follow([{ ip: "192.0.2.9", candidates: ["a"], holder: null }]);
  gateway.hold([["192.0.2.9", 5]]);
  await place.until(() => holders.get("192.0.2.9") === "a");

  holders.clear();
  source.close();
  moves.close();
  const next = join(cluster.start("b#2"));
  next.follow([{ ip: "192.0.2.9", candidates: ["a"], holder: null }]);
  await place.until(() => holders.get("192.0.2.9") === "a");
  for (const each of [gateway, next]) each.close();
  cluster.close();
});

test("from a peer's address but another port nothing is heard: any program there could send it", async () => {
  const network = `127.${process.pid & 255}.${(process.pid >> 8) & 255}`;
  const place = kernelPlace([31, 32, 33, 34].map((host) => `${network}.${host}`));
  const cluster = createCluster(place);
  const [a, b] = (await cluster.meet("a", "b")) as [Agent, Agent];
  const elsewhere = createSocket("udp4").bind({ address: a.ip });
  a.close();
  a.send("b", "never sent");
  await place.until(() => {
    elsewhere.send(a.sentDatagrams.at(-1) ?? "", place.port, b.ip);
    return b.dropped("stranger") > 0;
  });
  expect(b.heard).toEqual([]);
  elsewhere.close();
  cluster.close();
});

test("100,000 datagrams of garbage keep nobody from being heard, and stay nowhere", async () => {
  const network = `127.${process.pid & 255}.${(process.pid >> 8) & 255}`;
  const place = kernelPlace([21, 22, 23, 24].map((host) => `${network}.${host}`));
  const cluster = createCluster(place);
  const [a, b] = (await cluster.meet("a", "b")) as [Agent, Agent];
  const before = process.memoryUsage();
  const flood = spawn(process.execPath, [new URL("flood.ts", import.meta.url).pathname, b.ip, String(place.port)], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  let over = false;
  flood.once("exit", () => {
    over = true;
  });
  let heard = 0;
  await place.until(() => b.dropped("stranger") > 0);
  while (!over) {
    a.send("b", heard);
    await new Promise(setImmediate);
    heard = b.heard.length;
  }
  expect(b.dropped("stranger")).toBeGreaterThan(10_000);
  expect(heard).toBeGreaterThan(100);
  expect(b.logged).toEqual(["dropped a datagram from another node: stranger"]);
  expect(process.memoryUsage().rss - before.rss).toBeLessThan(64 << 20);
  cluster.close();
}, 60_000);
