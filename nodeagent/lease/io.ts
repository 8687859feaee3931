/** What goes into the machine and what comes out. Whoever runs it does what comes out, in order, and reports back. */
import type { Claim, Grounds, Message } from "./messages.ts";
import type { StoredRegister } from "./register.ts";
import type { WitnessId, WitnessSet } from "./witness-set.ts";

export interface DesiredAddress {
  readonly ip: string;
  /** Nodes that may hold it, the planned holder first: the order in which they try when it is free. */
  readonly candidates: readonly string[];
  /** Let it go if it is held under this epoch: the first half of a planned move. Of no effect under any other epoch. */
  readonly releaseEpoch?: number;
}

/** What the plan wants of this node. It replaces the one before as a whole. */
export interface Desired {
  /** Those that this node is a candidate for. One that it holds and that is not listed is released. */
  readonly addresses: readonly DesiredAddress[];
  /** As far as the reconciler knows; a newer set that the witnesses know wins. */
  readonly witnesses: WitnessSet;
  /** Not null: bring the witness set there, and say when it is done. Several nodes may be asked; one is enough. */
  readonly targetWitnesses: readonly WitnessId[] | null;
}

export type Input =
  | { readonly on: "desired"; readonly desired: Desired }
  | { readonly on: "message"; readonly from: string; readonly message: Message }
  /** The kernel's echo of `arm`, `refresh`, `park`. What did not take has no echo. */
  | { readonly on: "armed" | "refreshed" | "parked"; readonly number: number }
  /** `done` false: whether it took effect is not known. */
  | { readonly on: "mine-written"; readonly write: number; readonly done: boolean }
  /** On disk, and everything asked before it too. */
  | { readonly on: "persisted"; readonly write: number }
  /**
   * Another gateway was seen answering for these while they were open here: the gate has failed on one of the two. They are
   * closed at once, and open again only when the witnesses have acknowledged their claims anew.
   */
  | { readonly on: "contested"; readonly ips: readonly string[] }
  | { readonly on: "wake" }
  /** `park`: stop and leave the addresses open for a successor. `release`: let everything go first. */
  | { readonly on: "stop"; readonly how: "park" | "release" };

export type Output =
  | { readonly do: "send"; readonly to: string; readonly message: Message }
  /** Datagrams on loopback, with the number as payload. The kernel obeys `refresh` and `park` only while armed. */
  | { readonly do: "arm" | "refresh" | "park"; readonly number: number }
  /**
   * One transaction: a new set `mine` named by the generation with exactly these addresses, the gate looks there from now
   * on, sets of older generations are gone, and with them every write to them that is still under way.
   */
  | {
      readonly do: "replace-mine";
      readonly write: number;
      readonly generation: number;
      readonly ips: readonly string[];
    }
  /** One transaction on that generation's set; what is there already, or not there, is no error. One at a time. */
  | {
      readonly do: "change-mine";
      readonly write: number;
      readonly generation: number;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  /** Answered by `persisted`, in order. A disk that fails ends the process: nothing may be said that is not on it. */
  | {
      readonly do: "persist";
      readonly write: number;
      readonly registers: readonly (readonly [key: string, register: StoredRegister])[];
      /** Not null: replaces the stored one. */
      readonly set: WitnessSet | null;
    }
  /** The gate is open for them: tell the neighbours. */
  | { readonly do: "announce"; readonly ips: readonly string[] }
  /** `parked` says whether the kernel was seen to keep the addresses open. */
  | { readonly do: "stopped"; readonly parked: boolean };

/** How a take-over was known to be safe: what the promising witnesses went by. */
export interface Proof {
  readonly grounds: Readonly<Partial<Record<Grounds, number>>>;
  readonly witnesses: number;
}

export interface HeldReport {
  readonly ip: string;
  readonly epoch: number;
  readonly proof: Proof;
}

export interface LeaseReport {
  /** In the kernel's `mine`, and the lease was refreshed within its length: this node answers for them. */
  readonly held: readonly HeldReport[];
  /** Claimed, on the way in or out, or in `mine` without a running lease. */
  readonly pending: readonly string[];
  /** All that it claims, whether it answers for them or not: on the way in, held, and on the way out. */
  readonly claims: readonly Claim[];
  readonly witnesses: WitnessSet;
  readonly witness: WitnessId;
  /** The change to `witnesses` is done: the next may come, and who was removed may forget. Known to a coordinator only. */
  readonly witnessesSettled: boolean;
}

/** What the disk and the kernel held when the process started. */
export interface StartState {
  readonly node: string;
  readonly witness: WitnessId;
  /** Larger than that of every earlier process of this node, and on disk before the machine is made. */
  readonly generation: number;
  readonly set: WitnessSet;
  readonly registers: readonly (readonly [key: string, register: StoredRegister])[];
  /** `mine`, if the lease is running; otherwise nothing. */
  readonly openIPs: readonly string[];
}
