/** One heartbeat at a time: armed, sent, acknowledged by a majority, and only then turned into a longer lease. */
import type { Output } from "./io.ts";
import type { Membership } from "./membership.ts";
import type { Claim, HeartbeatAnswer, LeaseLength } from "./messages.ts";
import type { Rules } from "./rules.ts";

export interface Beat {
  /** Begins the next one; what was not finished of the one before is void. */
  begin(): Output[];
  /** The kernel has armed: now it may be sent. Empty when that was an older one. */
  armed(number: number, content: () => { claims: readonly Claim[]; lease: LeaseLength; watch: number }): Output[];
  /** @returns the claims and the length that a majority has just acknowledged; `null`: not, or known already */
  answered(from: string, answer: HeartbeatAnswer): Acknowledged | null;
  /** What the kernel's echo with that number confirms; `null` when it was not the newest. */
  confirmed(number: number): Acknowledged | null;
  abandon(): void;
}

export interface Acknowledged {
  readonly number: number;
  readonly claims: ReadonlyMap<string, number>;
  readonly lease: LeaseLength;
}

interface Current extends Acknowledged {
  readonly acknowledgedBy: Set<string>;
  sent: boolean;
  acknowledged: boolean;
}

export function createBeat(generation: number, membership: Membership, rules: Rules): Beat {
  let number = 0;
  let current: Current | null = null;

  const fresh = (claims: readonly Claim[], lease: LeaseLength, sent: boolean): Current => ({
    ...{ number, claims: new Map(claims), lease, sent },
    ...{ acknowledgedBy: new Set<string>(), acknowledged: false },
  });

  return {
    begin() {
      number += 1;
      current = fresh([], "short", false);
      return [{ do: "arm", number }];
    },
    armed(armedNumber, content) {
      if (current === null || current.sent || current.number !== armedNumber) return [];
      const { claims, lease, watch } = content();
      current = fresh(claims, lease, true);
      const set = membership.current().version;
      const message = { type: "heartbeat", set, generation, number, lease, claims, watch } as const;
      return membership.nodes().map((to) => ({ do: "send", to, message }));
    },
    answered(from, answer) {
      if (current === null || !current.sent || current.acknowledged || answer.refused.length > 0) return null;
      if (answer.generation !== generation || !rules.counts(answer.number, current.number)) return null;
      if (answer.set !== membership.current().version || !membership.nodes().includes(from)) return null;
      current.acknowledgedBy.add(from);
      if (current.acknowledgedBy.size < rules.majorityOf(membership.nodes().length)) return null;
      current.acknowledged = true;
      return current;
    },
    confirmed: (confirmedNumber) => (current?.number === confirmedNumber && current.acknowledged ? current : null),
    abandon() {
      current = null;
    },
  };
}
