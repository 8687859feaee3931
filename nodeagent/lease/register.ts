/**
 * A register is one value that a majority of witnesses agrees on, changed only by compare-and-set: CASPaxos (Denis
 * Rystsov, 2018, arXiv:1802.07000). One for each floating IP, and one, under `SET_KEY`, for the witness set's successor.
 */

/** Unique: no process of a node uses a round twice, and each process has its own generation. */
export type Ballot = readonly [round: number, node: string, generation: number];

/** For an address: who holds it under which epoch. For `SET_KEY`: the members, separated by spaces, and the version. */
export interface Value {
  readonly epoch: number;
  readonly owner: string;
}

export interface Accepted extends Value {
  readonly ballot: Ballot;
}

/** That a node's agent was about to park while it held the address, and which heartbeat said so. */
interface ParkNote {
  readonly node: string;
  readonly heartbeat: readonly [generation: number, number: number];
}

/** What a witness keeps on disk for each key. */
export interface StoredRegister {
  readonly promised: Ballot | null;
  readonly accepted: Accepted | null;
  /** How long ago is not kept: a restart counts from anew. */
  readonly park: ParkNote | null;
}

/** No address looks like it. */
export const SET_KEY = "witnesses";

export function isBelow(a: Ballot | null, b: Ballot): boolean {
  if (a === null) return true;
  if (a[0] !== b[0]) return a[0] < b[0];
  if (a[1] !== b[1]) return a[1] < b[1];
  return a[2] < b[2];
}

export function sameBallot(a: Ballot | null, b: Ballot): boolean {
  return a !== null && a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}
