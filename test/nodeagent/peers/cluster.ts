/** Agents that talk to each other, with everything they do recorded. */
import { generateKeyPairSync } from "node:crypto";
import type { Identity } from "../../../nodeagent/peers/identity.ts";
import { openPeers, type Peers } from "../../../nodeagent/peers/peers.ts";
import type { Drop } from "../../../nodeagent/peers/session.ts";
import type { openUdp, Udp } from "../../../nodeagent/peers/udp.ts";
import type { Peer } from "../../../policies/nodestate.ts";

/** Where sockets live: the machine's own, or none at all. */
export interface Place {
  readonly openUdp: typeof openUdp;
  readonly port: number;
  /** Of four hosts. */
  readonly ips: readonly string[];
  /** Rejects when it does not come true in a time that is ample. */
  until(what: () => boolean): Promise<void>;
}

/** `b#2` is the second run of b's agent. */
type RunName = string;

export interface Agent extends Peers {
  readonly node: string;
  readonly ip: string;
  readonly heard: (readonly [from: string, message: unknown])[];
  readonly met: string[];
  readonly logged: string[];
  /** Beside recording. */
  onMessage: (from: string, message: unknown) => void;
  onMet: (peer: string) => void;
  /** All that it has sent, the newest last. */
  readonly sentDatagrams: Buffer[];
  dropped(why: Drop): number;
  notSent(why: string): number;
  /** From its socket, as it is. */
  sendRaw(datagram: Buffer, to: string): void;
}

export interface Cluster {
  readonly place: Place;
  /** A run of the agent of node `a`, `b`, `c` or `d`. It follows nobody yet. */
  start(run: RunName): Agent;
  /** The key pair is another one from the next run on. */
  renewKey(node: string): void;
  /** All but the one it is for. */
  peersOf(node: string): readonly Peer[];
  /** Started, following each other, and known to each other. */
  meet(...nodes: readonly string[]): Promise<readonly Agent[]>;
  close(): void;
}

const NODES = ["a", "b", "c", "d"];

export function newIdentity(run: number): Identity {
  const { privateKey, publicKey } = generateKeyPairSync("x25519");
  return { privateKey, publicKey: publicKey.export({ format: "jwk" }).x as string, run, renewed: null };
}

export function createCluster(place: Place): Cluster {
  const identities = new Map(NODES.map((node) => [node, newIdentity(1_000)]));
  const agents: Agent[] = [];
  const ipOf = (node: string) => place.ips[NODES.indexOf(node)] as string;
  const identityOf = (node: string) => identities.get(node) as Identity;

  function start(runName: RunName): Agent {
    const [node = "", run = "1"] = runName.split("#");
    const agent = startAgent(place, node, ipOf(node), { ...identityOf(node), run: 1_000 + Number(run) });
    agents.push(agent);
    return agent;
  }

  const peersOf = (node: string) =>
    NODES.filter((name) => name !== node).map((name) => ({
      node: name,
      ip: ipOf(name),
      publicKey: identityOf(name).publicKey,
    }));

  return {
    place,
    start,
    renewKey: (node) => identities.set(node, newIdentity(1_000)),
    peersOf,
    async meet(...nodes) {
      const started = nodes.map(start);
      for (const agent of started) agent.follow(agent.ip, peersOf(agent.node));
      await place.until(() => started.every(({ met }) => met.length === started.length - 1));
      return started;
    },
    close() {
      for (const agent of agents) agent.close();
    },
  };
}

function startAgent(place: Place, node: string, ip: string, identity: Identity): Agent {
  const heard: Agent["heard"] = [];
  const met: string[] = [];
  const logged: string[] = [];
  const sentDatagrams: Buffer[] = [];
  let udp: Udp | undefined;
  const peers = openPeers({
    node,
    port: place.port,
    identity,
    openUdp(options) {
      const opened = place.openUdp(options);
      udp = opened;
      const send: Udp["send"] = (datagram, to) => {
        sentDatagrams.push(datagram);
        opened.send(datagram, to);
      };
      return { send, close: opened.close };
    },
    onMessage(from, message) {
      heard.push([from, message]);
      agent.onMessage(from, message);
    },
    onMet(peer) {
      met.push(peer);
      agent.onMet(peer);
    },
    nowMs: () => 0,
    log: { info() {}, error() {}, warn: (_, message) => logged.push(message) },
  });
  const agent: Agent = {
    ...peers,
    ...{ node, ip, heard, met, logged, sentDatagrams, onMessage() {}, onMet() {} },
    dropped: (why) => peers.counts().dropped.get(why) ?? 0,
    notSent: (why) => peers.counts().notSent.get(why) ?? 0,
    sendRaw: (datagram, to) => udp?.send(datagram, to),
  };
  return agent;
}
