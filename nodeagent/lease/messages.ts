/**
 * What nodes say to each other about leases: plain data, as JSON. The transport proves who sends (`from`) and may lose,
 * delay, repeat and reorder. `set` is the version of the witness set that the sender goes by.
 */
import type { Accepted, Ballot, Value } from "./register.ts";
import type { WitnessId, WitnessSet } from "./witness-set.ts";

export type Claim = readonly [ip: string, epoch: number];

/**
 * `short`: the kernel's lease is known to be of the ordinary length, notes of a park may go. `parking`: note that it is
 * about to be long. `parked`: it may be long, keep the notes.
 */
export type LeaseLength = "short" | "parking" | "parked";

/** What a witness goes by when it lets somebody take an address. */
export type Grounds = "own" | "new" | "released" | "expired";

/** To take an address (rule 3 applies), or to write again what is there. */
export type Purpose = "take" | "rewrite";

export interface Heartbeat {
  readonly type: "heartbeat";
  readonly set: number;
  /** Grows with each process of a node. */
  readonly generation: number;
  /** Grows with each heartbeat of a process. */
  readonly number: number;
  readonly lease: LeaseLength;
  /** All of `mine`, and what is about to enter it. */
  readonly claims: readonly Claim[];
  /** Version of the list of addresses that this node wants to hear about; see `Watch`. */
  readonly watch: number;
}

export interface HeartbeatAnswer {
  readonly type: "heartbeat-answer";
  readonly set: number;
  readonly generation: number;
  readonly number: number;
  /** With any claim in it the heartbeat is not acknowledged. */
  readonly refused: readonly Claim[];
  /** The version that the witness has; 0: none. */
  readonly watch: number;
  /** The highest that this witness has promised for any address: a proposal below it may have to be made twice. */
  readonly round: number;
  /** Watched addresses that could be taken now, at most `HINTS_MAX`, with the node that fell silent ("": none). A hint. */
  readonly free: readonly (readonly [ip: string, silent: string])[];
}

/** What its holder has just let go, or is silent about too long, to those who watch it: they need not ask. A hint. */
interface Freed {
  readonly type: "freed";
  readonly set: number;
  readonly free: HeartbeatAnswer["free"];
}

/** Which addresses `free` of later answers is about: those the sender is a candidate for. */
export interface Watch {
  readonly type: "watch";
  readonly generation: number;
  readonly version: number;
  readonly ips: readonly string[];
}

export interface Prepare {
  readonly type: "prepare";
  readonly set: number;
  readonly ballot: Ballot;
  readonly purpose: Purpose;
  readonly keys: readonly string[];
}

/** `round`: of the ballot promised to somebody else, or 0 when rule 3 forbids. */
type Denied = readonly [key: string, round: number];

export interface Promised {
  readonly type: "promised";
  readonly set: number;
  readonly ballot: Ballot;
  readonly promised: readonly (readonly [key: string, accepted: Accepted | null, grounds: Grounds])[];
  readonly denied: readonly Denied[];
}

export interface Accept {
  readonly type: "accept";
  readonly set: number;
  readonly ballot: Ballot;
  readonly purpose: Purpose;
  readonly values: readonly (readonly [key: string, value: Value])[];
}

export interface AcceptAnswer {
  readonly type: "accepted";
  readonly set: number;
  readonly ballot: Ballot;
  readonly accepted: readonly string[];
  readonly denied: readonly Denied[];
}

/** Asks a witness for the keys of its registers, in order, from the first one after `after`. */
export interface List {
  readonly type: "list";
  readonly set: number;
  readonly after: string;
}

export interface Listing {
  readonly type: "listing";
  readonly set: number;
  readonly after: string;
  /** At most `BATCH_MAX`. */
  readonly keys: readonly string[];
  readonly more: boolean;
  /** How long the longest park that it has noted still runs; 0: none. */
  readonly parkedMs: number;
}

/** The newest set that the sender knows. Answered by a newer one, or by the same when `ask`. */
export interface SetNotice {
  readonly type: "set";
  readonly ask: boolean;
  readonly witness: WitnessId;
  readonly set: WitnessSet;
}

export function setNotice(ask: boolean, witness: WitnessId, set: WitnessSet): SetNotice {
  return { type: "set", ask, witness, set };
}

export type Message =
  | Heartbeat
  | HeartbeatAnswer
  | Freed
  | Watch
  | Prepare
  | Promised
  | Accept
  | AcceptAnswer
  | List
  | Listing
  | SetNotice;

/** Keys in one message that asks: some 20 KB as JSON. */
export const BATCH_MAX = 500;
export const HINTS_MAX = 250;
