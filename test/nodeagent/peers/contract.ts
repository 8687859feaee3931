/** What the agent relies on between nodes, and what nobody may be able to do. Holds for real sockets and for the fake. */
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import type { Agent, Cluster } from "./cluster.ts";

export interface ContractCase {
  readonly name: string;
  /** Throws when the contract is broken. */
  run(cluster: Cluster): Promise<void>;
}

/** What was under way before is there by then: it came by the same way. */
async function fence(cluster: Cluster, from: Agent, to: Agent): Promise<void> {
  const message = { fence: randomBytes(8).toString("hex") };
  await cluster.place.until(() => {
    if (!to.heard.some(([, heard]) => isSame(heard, message))) from.send(to.node, message);
    return to.heard.some(([, heard]) => isSame(heard, message));
  });
}

const isSame = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);
const heardBy = ({ heard }: Agent) => heard.filter(([, message]) => !JSON.stringify(message).startsWith('{"fence"'));

async function pair(cluster: Cluster): Promise<readonly [Agent, Agent]> {
  const [a, b] = await cluster.meet("a", "b");
  assert.ok(a !== undefined && b !== undefined);
  return [a, b];
}

function lastOf(agent: Agent): Buffer {
  const datagram = agent.sentDatagrams.at(-1);
  assert.ok(datagram !== undefined);
  return datagram;
}

/** So that it cannot be compressed. */
const noise = (bytes: number) => randomBytes(bytes).toString("base64");

export const contract: readonly ContractCase[] = [
  {
    name: "a message arrives as it was, with the name of who sent it",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      const message = { type: "x", list: [1, null, "ü"], nested: { empty: {} } };
      a.send("b", message);
      b.send("a", "just text");
      await cluster.place.until(() => a.heard.length === 1 && b.heard.length === 1);
      assert.deepEqual(b.heard, [["a", message]]);
      assert.deepEqual(a.heard, [["b", "just text"]]);
    },
  },
  {
    name: "a large message arrives whole, also when it cannot be compressed",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      const addresses = Array.from({ length: 5_000 }, (_, number) => [
        `192.168.${number >> 8}.${number & 255}`,
        number,
      ]);
      a.send("b", addresses);
      await fence(cluster, a, b);
      a.send("b", noise(30_000).slice(0, 30_000));
      await fence(cluster, a, b);
      const [one, other] = heardBy(b).map(([, message]) => message);
      assert.deepEqual(one, addresses);
      assert.equal((other as string).length, 30_000);
    },
  },
  {
    name: "what is too large is not sent at all, and counted",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", noise(200_000));
      a.send("b", "x".repeat(2_000_000));
      await fence(cluster, a, b);
      assert.deepEqual(heardBy(b), []);
      assert.equal(a.notSent("too-large"), 2);
      assert.equal(a.logged.length, 1);
    },
  },
  {
    name: "a node hears itself, but not within the call",
    async run(cluster) {
      const [a] = await pair(cluster);
      a.send("a", { own: 1 });
      assert.deepEqual(a.heard, []);
      await cluster.place.until(() => a.heard.length === 1);
      assert.deepEqual(a.heard, [["a", { own: 1 }]]);
    },
  },
  {
    name: "to a node that is not a peer nothing is sent",
    async run(cluster) {
      const [a] = await pair(cluster);
      const before = a.sentDatagrams.length;
      a.send("nobody", 1);
      a.follow(a.ip, []);
      a.send("b", 1);
      assert.equal(a.notSent("unknown-peer"), 2);
      assert.equal(a.sentDatagrams.length, before);
    },
  },
  {
    name: "from a node that is not a peer nothing is heard",
    async run(cluster) {
      const [a, b, c] = await cluster.meet("a", "b", "c");
      assert.ok(a && b && c);
      b.follow(
        b.ip,
        cluster.peersOf("b").filter(({ node }) => node !== "a"),
      );
      a.send("b", "hello");
      await cluster.place.until(() => b.dropped("stranger") > 0);
      await fence(cluster, c, b);
      assert.deepEqual(heardBy(b), []);
    },
  },
  {
    name: "a datagram that comes again is dropped",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "once");
      a.sendRaw(lastOf(a), b.ip);
      await fence(cluster, a, b);
      assert.deepEqual(heardBy(b), [["a", "once"]]);
      assert.equal(b.dropped("repeated"), 1);
    },
  },
  {
    name: "a datagram that is sent back to its sender is dropped",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "for b");
      b.sendRaw(lastOf(a), a.ip);
      await fence(cluster, b, a);
      assert.deepEqual(heardBy(a), []);
      assert.equal(a.dropped("forged"), 1);
    },
  },
  {
    name: "a datagram that was for another node is dropped, from its sender and from the other node",
    async run(cluster) {
      const [a, b, c] = await cluster.meet("a", "b", "c");
      assert.ok(a && b && c);
      a.send("c", "for c");
      const datagram = lastOf(a);
      a.sendRaw(datagram, b.ip);
      c.sendRaw(datagram, b.ip);
      await fence(cluster, a, b);
      await fence(cluster, c, b);
      assert.deepEqual(heardBy(b), []);
      assert.equal(b.dropped("forged"), 2);
    },
  },
  {
    name: "what is no datagram of ours is dropped without an answer",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "good");
      const good = lastOf(a);
      const garbage = [Buffer.alloc(0), randomBytes(5), randomBytes(200), good.subarray(0, -1), randomBytes(1_400)];
      await fence(cluster, a, b);
      const before = b.sentDatagrams.length;
      for (const bytes of garbage) a.sendRaw(bytes, b.ip);
      await fence(cluster, a, b);
      assert.equal(b.dropped("malformed") + b.dropped("forged"), garbage.length);
      assert.equal(b.sentDatagrams.length, before);
      assert.deepEqual(heardBy(b), [["a", "good"]]);
    },
  },
  {
    name: "what is dropped a thousand times is logged once",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      for (let count = 0; count < 1_000; count++) {
        a.sendRaw(Buffer.of(0), b.ip);
        if (count % 50 === 0) await fence(cluster, a, b);
      }
      await fence(cluster, a, b);
      assert.ok(b.dropped("malformed") > 100);
      assert.equal(b.logged.length, 1);
    },
  },
  {
    name: "a peer's next run is met, and nothing of the one before is heard any more",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "old");
      const old = lastOf(a);
      await fence(cluster, a, b);
      a.send("b", "never sent");
      const held = lastOf(a);
      a.close();
      const next = cluster.start("a#2");
      next.follow(next.ip, cluster.peersOf("a"));
      await cluster.place.until(() => next.met.length === 1);
      await fence(cluster, next, b);
      assert.equal(b.dropped("repeated"), 0);
      next.sendRaw(old, b.ip);
      next.sendRaw(held, b.ip);
      await fence(cluster, next, b);
      assert.deepEqual(b.met, ["a", "a"]);
      assert.equal(b.dropped("stale"), 2);
      assert.equal(heardBy(b).filter(([, message]) => message === "old").length, 1);
    },
  },
  {
    name: "a run hears nothing that was said to the run before it",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "to the first run");
      const recorded = lastOf(a);
      b.close();
      const next = cluster.start("b#2");
      next.follow(next.ip, cluster.peersOf("b"));
      a.sendRaw(recorded, next.ip);
      await fence(cluster, a, next);
      a.sendRaw(recorded, next.ip);
      await fence(cluster, a, next);
      assert.deepEqual(heardBy(next), []);
      assert.deepEqual(next.met, ["a"]);
      assert.deepEqual(a.met, ["b", "b"]);
    },
  },
  {
    name: "a recorded datagram that is repeated to a new run is answered at most once",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.send("b", "to the first run");
      const recorded = lastOf(a);
      b.close();
      const next = cluster.start("b#2");
      next.follow(next.ip, cluster.peersOf("b"));
      await fence(cluster, a, next);
      const before = next.sentDatagrams.length;
      for (let count = 0; count < 20; count++) a.sendRaw(recorded, next.ip);
      await fence(cluster, a, next);
      assert.ok(next.sentDatagrams.length <= before + 1);
    },
  },
  {
    name: "a node with a new key pair is heard by those who know it, and its old one is worth nothing",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      a.close();
      cluster.renewKey("a");
      const next = cluster.start("a#2");
      next.follow(next.ip, cluster.peersOf("a"));
      await cluster.place.until(() => b.dropped("forged") > 0);
      next.send("b", "too early");
      b.follow(b.ip, cluster.peersOf("b"));
      await fence(cluster, next, b);
      next.sendRaw(lastOf(a), b.ip);
      await fence(cluster, next, b);
      assert.deepEqual(heardBy(b), []);
    },
  },
  {
    name: "a key that is none makes one peer unreachable and no other",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      const keys = ["", "short", Buffer.alloc(32).toString("base64url"), "!".repeat(43)];
      for (const publicKey of keys) {
        a.follow(a.ip, [
          ...cluster.peersOf("a").slice(0, 1),
          { node: "c", ip: cluster.place.ips[2] as string, publicKey },
        ]);
        a.send("c", 1);
      }
      assert.equal(a.notSent("unknown-peer"), keys.length);
      assert.equal(a.logged.length, 1);
      await fence(cluster, a, b);
    },
  },
  {
    name: "a node that moves to another address goes on from there",
    async run(cluster) {
      const [a, b] = await pair(cluster);
      const elsewhere = cluster.place.ips[3] as string;
      a.follow(elsewhere, cluster.peersOf("a"));
      b.follow(
        b.ip,
        cluster
          .peersOf("b")
          .filter(({ node }) => node !== "d")
          .map((peer) => (peer.node === "a" ? { ...peer, ip: elsewhere } : peer)),
      );
      await fence(cluster, a, b);
      await fence(cluster, b, a);
      assert.deepEqual([a.met, b.met], [["b"], ["a"]]);
    },
  },
  {
    name: "after closing nothing is called back",
    async run(cluster) {
      const [a, b, c] = await cluster.meet("a", "b", "c");
      assert.ok(a && b && c);
      b.send("b", "to itself");
      b.close();
      a.send("b", "late");
      await fence(cluster, a, c);
      assert.deepEqual(b.heard, []);
      b.send("a", "from the dead");
      await fence(cluster, c, a);
      assert.deepEqual(heardBy(a), []);
    },
  },
];
