/**
 * What gateways and source nodes say to each other about who holds which floating IP. The transport proves who sends, and
 * lets nothing of an earlier run through; it may lose, delay, repeat and reorder.
 */

export type HeldEpoch = readonly [ip: string, epoch: number];

/** "I hold these": what the receiver has not yet acknowledged, at most `ADDRESSES_MAX`. */
export interface Moved {
  readonly type: "moved";
  /** The receiver then knows all that the sender took up to this revision. */
  readonly upTo: number;
  readonly held: readonly HeldEpoch[];
}

export interface MovedAnswer {
  readonly type: "moved-answer";
  readonly upTo: number;
}

/** Some 12 KB as JSON. */
export const ADDRESSES_MAX = 500;
