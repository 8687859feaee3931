/**
 * How agents talk to each other without the reconciler: datagrams between the nodes' underlay addresses. A stream would
 * stand still for seconds after a cut of seconds (RFC 6298); what is said here is worth nothing by then.
 */
import type { Peer } from "../../policies/nodestate.ts";
import type { Log } from "../log.ts";
import type { Piece } from "./datagram.ts";
import type { Identity } from "./identity.ts";
import { pairKeys } from "./keys.ts";
import { toPieces } from "./pieces.ts";
import { createSession, type Session } from "./session.ts";
import { createTally, type PeerCounts } from "./tally.ts";
import type { openUdp, Udp } from "./udp.ts";

export interface PeersParts {
  readonly node: string;
  /** The same on all nodes. */
  readonly port: number;
  readonly identity: Identity;
  readonly openUdp: typeof openUdp;
  /** What a peer said, as JSON gave it: any value, whatever its shape. May be late, and overtaken by later ones. */
  readonly onMessage: (from: string, message: unknown) => void;
  /** Another run of the peer's agent: from now on nothing of an earlier one arrives. */
  readonly onMet: (peer: string) => void;
  readonly nowMs: () => number;
  readonly log: Log;
}

export interface Peers {
  /** Where this node is, and whom it talks to: all of them. What is under way to and from others is lost. */
  follow(ip: string, peers: readonly Peer[]): void;
  /**
   * May be lost. To this node itself it is not, and goes by no network. The message must not change any more: what is sent
   * to many nodes is made into bytes once.
   */
  send(node: string, message: unknown): void;
  counts(): PeerCounts;
  /** Nothing is called back any more. */
  close(): void;
}

interface Known {
  readonly publicKey: string;
  /** `null`: the key is none. */
  readonly session: Session | null;
}

/** To derive the keys of one peer takes 0.13 ms. */
const GREETINGS_AT_ONCE = 16;
/** To those that do not know this run yet. Five thousand that are out of reach take 2 % of a core. */
const GREETINGS_INTERVAL_MS = 5_000;

export function openPeers(parts: PeersParts): Peers {
  const { node, port, identity } = parts;
  const own = { node, privateKey: identity.privateKey, publicKey: identity.publicKey };
  const tally = createTally(parts.log, parts.nowMs);
  let ownIP = "";
  let udp: Udp | null = null;
  let bound = false;
  let peers = new Map<string, Peer>();
  let nodeAt = new Map<string, string>();
  let known = new Map<string, Known>();
  const ungreeted = new Set<string>();
  let greeting: NodeJS.Immediate | undefined;
  let lastMessage: unknown;
  let lastPieces: readonly Piece[] | null = null;

  function sessionOf(peer: Peer): Session | null {
    const before = known.get(peer.node);
    if (before !== undefined) return before.session;
    const keys = pairKeys(own, peer);
    if (keys === null) tally.notice("key", "the public key of a node is none", { peer: peer.node });
    const session = keys && createSession(keys, identity.run);
    known.set(peer.node, { publicKey: peer.publicKey, session });
    return session;
  }

  function transmit(datagram: Buffer, { ip }: Peer): void {
    tally.sent();
    udp?.send(datagram, ip);
  }

  function onDatagram(datagram: Buffer, ip: string, fromPort: number): void {
    tally.received();
    const peer = fromPort === port ? peers.get(nodeAt.get(ip) ?? "") : undefined;
    const session = peer && sessionOf(peer);
    if (!peer || !session) {
      tally.dropped("stranger", { ip, port: fromPort });
      return;
    }
    const { drop, message, met, greeting: answer } = session.receive(datagram);
    if (answer !== null) transmit(answer, peer);
    if (drop !== null) tally.dropped(drop, { ip, peer: peer.node });
    if (met) parts.onMet(peer.node);
    if (message !== undefined) parts.onMessage(peer.node, message);
  }

  /** Keys are there, and runs known, before they are needed. A few at a time: there may be thousands. */
  function greet(): void {
    clearImmediate(greeting);
    if (!bound || ungreeted.size === 0) return;
    for (const name of [...ungreeted].slice(0, GREETINGS_AT_ONCE)) {
      ungreeted.delete(name);
      const peer = peers.get(name);
      const session = peer && sessionOf(peer);
      if (peer && session) transmit(session.greet(), peer);
    }
    greeting = setImmediate(greet);
  }

  function bind(ip: string): void {
    ownIP = ip;
    bound = false;
    udp?.close();
    udp = parts.openUdp({
      ip,
      port,
      onDatagram,
      onNotSent: tally.notSent,
      onBound(failure) {
        bound = failure === null;
        if (bound) greetAll(() => true);
        else tally.notice("bind", "cannot talk to other nodes", { ip, port, reason: failure });
      },
    });
  }

  function greetAll(which: (node: string) => boolean): void {
    for (const name of peers.keys()) if (which(name)) ungreeted.add(name);
    greet();
  }

  const greetings = setInterval(
    () => greetAll((name) => !known.get(name)?.session?.isKnownToPeer()),
    GREETINGS_INTERVAL_MS,
  );

  return {
    follow(ip, next) {
      peers = new Map(next.filter((peer) => peer.node !== node).map((peer) => [peer.node, peer]));
      nodeAt = new Map([...peers.values()].map((peer) => [peer.ip, peer.node]));
      known = new Map([...known].filter(([name, { publicKey }]) => publicKey === peers.get(name)?.publicKey));
      if (ip !== ownIP) bind(ip);
      greetAll((name) => !known.has(name));
    },
    send(to, message) {
      if (to === node) {
        setImmediate(() => udp && parts.onMessage(node, message));
        return;
      }
      const peer = peers.get(to);
      const session = peer && sessionOf(peer);
      if (!peer || !session) {
        tally.notSent("unknown-peer");
        return;
      }
      if (message !== lastMessage) lastPieces = toPieces(message);
      lastMessage = message;
      if (lastPieces === null) {
        tally.notSent("too-large");
        tally.notice("too-large", "a message is too large to be sent", { peer: to });
        return;
      }
      for (const piece of lastPieces) transmit(session.seal(piece), peer);
    },
    counts: tally.counts,
    close() {
      clearInterval(greetings);
      clearImmediate(greeting);
      udp?.close();
      udp = null;
    },
  };
}
