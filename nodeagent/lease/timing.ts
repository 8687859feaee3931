/** The protocol's times in milliseconds, each with its source. Changing one means thinking through docs/lease.md again. */

export interface Timing {
  readonly heartbeatMs: number;
  readonly restMs: number;
  readonly soonestMs: number;
  readonly armMs: number;
  readonly leaseMs: number;
  readonly deafAfterMs: number;
  readonly freeAfterMs: number;
  readonly parkMs: number;
  readonly parkNoteMs: number;
  readonly candidateStepMs: number;
  readonly answerMs: number;
  readonly resumeMs: number;
  readonly stopMs: number;
}

export const TIMING: Timing = {
  /** From a heartbeat that is not acknowledged to the next one. */
  heartbeatMs: 100,
  /**
   * From one that is, when nothing is under way: two more may then be lost before the lease ends. Half as many wake-ups of an
   * idle processor, which cost more than what is done in them.
   */
  restMs: 200,
  /** A change of the claims does not wait for the next heartbeat, but many changes share one. */
  soonestMs: 20,
  /** The kernel refreshes only while armed; one heartbeat and its answers must fit in. */
  armMs: 150,
  leaseMs: 450,
  /** The rest between two heartbeats, and 50 ms for timers that are late. A short silence costs a round trip. */
  deafAfterMs: 250,
  /**
   * A lease ends at most armMs + leaseMs = 600 ms after its heartbeat was armed. The rest allows for clocks whose rates
   * differ by 3 %; NTP slews by 0.05 % (adjtimex), crystals stay within 0.01 %.
   */
  freeAfterMs: 620,
  /** Time for an agent to be replaced: a package upgrade with a restart takes seconds. */
  parkMs: 60_000,
  /** armMs + parkMs, and the same 3 % for the difference of clock rates, which over a minute is more than a lease. */
  parkNoteMs: 62_000,
  /** How long the next candidate leaves to the one before it: a heartbeat, two round trips, two writes to disk. */
  candidateStepMs: 200,
  /** After this a proposal without a majority of answers is made again. */
  answerMs: 250,
  /**
   * How long a starting agent tries to get back, against a majority, what its kernel still holds: longer than witnesses
   * refuse that started at the same time.
   */
  resumeMs: 1_000,
  /** How long a stopping agent waits for witnesses before it stops all the same. */
  stopMs: 2_000,
};
