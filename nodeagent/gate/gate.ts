/** The door to the lease gate (table.ts). */
import type { Conflict } from "./conflicts.ts";
import type { GateScope } from "./elements.ts";

/** True: the kernel confirmed it. False: it was refused, or whether it took effect is not known. */
type Confirmed = Promise<boolean>;

interface GateState {
  /** Of the agent's run that wrote `mine`; 0: none since the gate was put there; `null`: the gate is damaged. */
  readonly generation: number | null;
  readonly mine: readonly string[];
  /** What remains of the lease; `null`: it is not running. */
  readonly leaseMs: number | null;
}

export interface LeaseGate {
  /**
   * Puts the gate there where it is missing, changed or of another version, and brings its scope up to date. Closed in
   * doubt: a gate that was put there anew has no lease, but the addresses of this run's `mine` again. Until a generation
   * has begun, nothing is taken out of its scope.
   *
   * @returns what was changed, in words
   */
  guard(scope: GateScope): Promise<readonly string[]>;

  /** `null`: there is no gate. */
  readState(): Promise<GateState | null>;

  /**
   * Begins this run's generation, with exactly these addresses. Whatever an earlier run still has under way is refused
   * from then on: its writes, and its requests for a lease. The lease goes on as it was. Refused by a gate of a later
   * generation, and where `guard` has put none.
   *
   * @param generation 1 or more, and more than that of every earlier run on this node
   */
  replaceMine(generation: number, ips: readonly string[]): Confirmed;
  /** What is there already, or not there, is no error. Refused unless this run's generation is the gate's. */
  changeMine(add: readonly string[], remove: readonly string[]): Confirmed;

  /** Before each heartbeat. The number makes the echo that of this request, not of an earlier one. */
  arm(number: number): Confirmed;
  /** Sets the lease to its normal length, be it running or not. Refused unless armed. */
  refresh(number: number): Confirmed;
  /** Sets the lease to the length that a restart may take. Refused unless armed; a later `refresh` makes it short again. */
  park(number: number): Confirmed;
  /** Ends the lease at once. */
  release(number: number): Confirmed;

  /**
   * Who else was seen, within the last minute, using or wanting one of the floating IPs, or as a gateway using what is in
   * this node's `mine`, since that was last added to.
   */
  conflicts(): Promise<readonly Conflict[]>;
  /** The same as `guard` found it the last time. */
  knownConflicts(): readonly Conflict[];

  /** Stops asking; what is in the kernel stays. */
  close(): void;
}
