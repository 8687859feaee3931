/** What a witness knows of one address: its register, and in memory who claimed it last. */
import type { StoredRegister } from "./register.ts";

interface LastClaim {
  readonly node: string;
  readonly epoch: number;
  readonly at: number;
  /** A later heartbeat of the same node came without it. */
  readonly released: boolean;
}

export interface Entry extends StoredRegister {
  readonly claim: LastClaim | null;
  /** The newest epoch of which a claim was recorded; 0: none. */
  readonly newestEpoch: number;
  /** When this witness accepted a new owner. */
  readonly acceptedAt: number;
  /** Of no meaning without `park`. */
  readonly parkedUntil: number;
}

/** @param startedAt counts as an acceptance: what was heard just before the start is forgotten */
export function freshEntry(stored: StoredRegister | null, startedAt: number, parkNoteMs: number): Entry {
  const register = stored ?? { promised: null, accepted: null, park: null };
  return { ...register, claim: null, newestEpoch: 0, acceptedAt: startedAt, parkedUntil: startedAt + parkNoteMs };
}

export function storedPart({ promised, accepted, park }: Entry): StoredRegister {
  return { promised, accepted, park };
}
