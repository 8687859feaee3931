/**
 * What this run of the agent and one peer say to each other. Each datagram names the runs of both. One that names another
 * run of this agent is not taken, whoever made it: it may have been recorded before a restart. Its sender is told the
 * present run, in a greeting, and goes on from there. So neither clocks nor a memory of the past are needed.
 */

import { type Datagram, type Piece, seal, unseal } from "./datagram.ts";
import type { PairKeys } from "./keys.ts";
import { createAssembly, toMessage } from "./pieces.ts";
import { createWindow } from "./window.ts";

/**
 * `malformed`: no datagram of ours; `stranger`: not from a peer's address and port; `forged`: not made by this peer for
 * this node; `stale`: for another run of this agent, or of an earlier run of the peer; `repeated`: had before, or too old
 * to know; `unreadable`: authentic, and no message all the same.
 */
export type Drop = "malformed" | "stranger" | "forged" | "stale" | "repeated" | "unreadable";

interface Incoming {
  readonly drop: Drop | null;
  /** `undefined`: none, or not the whole of it yet. */
  readonly message: unknown;
  /** The first datagram of a run of the peer. */
  readonly met: boolean;
  /** To be sent back. */
  readonly greeting: Buffer | null;
}

export interface Session {
  /** Until then the peer has to be greeted again: it may have nothing to say, and greetings are lost like anything else. */
  isKnownToPeer(): boolean;
  greet(): Buffer;
  seal(piece: Piece): Buffer;
  receive(sealed: Buffer): Incoming;
}

const GREETING: Piece = { index: 0, count: 0, packed: false, bytes: new Uint8Array() };
const QUIET = { drop: null, message: undefined, met: false, greeting: null } as const;

/** @param run of this agent */
export function createSession(keys: PairKeys, run: number): Session {
  let peerRun = 0;
  let known = false;
  let sent = 0;
  /** Of what named another run of this agent: so much of it has been answered. */
  let greetedUpTo = 0;
  let window = createWindow();
  let assembly = createAssembly();

  function sealPiece(piece: Piece): Buffer {
    sent += 1;
    return seal(keys.sending, { ...piece, senderRun: run, receiverRun: peerRun, number: sent });
  }

  function begin(nextPeerRun: number): void {
    peerRun = nextPeerRun;
    known = false;
    greetedUpTo = 0;
    window = createWindow();
    assembly = createAssembly();
  }

  /** Whoever repeats an old datagram gets at most one answer to it. */
  function greetBack({ number, index }: Datagram): Buffer | null {
    if (index > 0 || number <= greetedUpTo) return null;
    greetedUpTo = number;
    return sealPiece(GREETING);
  }

  function take({ number, ...piece }: Datagram): Pick<Incoming, "drop" | "message"> {
    if (!window.take(number)) return { drop: "repeated", message: undefined };
    known = true;
    const whole = piece.count === 0 ? null : assembly.add(number, piece);
    if (whole === null) return QUIET;
    const message = toMessage(whole);
    return { drop: message === undefined ? "unreadable" : null, message };
  }

  return {
    isKnownToPeer: () => known,
    greet: () => sealPiece(GREETING),
    seal: sealPiece,
    receive(sealed) {
      const datagram = unseal(keys.receiving, sealed);
      if (typeof datagram === "string") return { ...QUIET, drop: datagram };
      if (datagram.senderRun < peerRun) return { ...QUIET, drop: "stale" };
      // Also when it is not for this run: the peer has had that run, so earlier ones are over.
      const met = datagram.senderRun > peerRun;
      if (met) begin(datagram.senderRun);
      if (datagram.receiverRun === run) return { ...QUIET, ...take(datagram), met };
      const drop = datagram.count === 0 ? null : "stale";
      return { drop, message: undefined, met, greeting: greetBack(datagram) };
    },
  };
}
