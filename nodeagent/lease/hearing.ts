/**
 * Whether this node hears the witnesses. Claims that are heard while their answers are not keep an address from everybody:
 * its lease ends, and no witness calls it free. So a node that hears no majority asks instead, which claims nothing, and
 * sends its next heartbeat as soon as it is answered.
 */
import type { Membership } from "./membership.ts";
import type { Rules } from "./rules.ts";

export interface Hearing {
  /** @returns whether a majority is heard again */
  heard(from: string, now: number): boolean;
  isDeaf(now: number): boolean;
}

export function createHearing(membership: Membership, rules: Rules): Hearing {
  const heardAt = new Map<string, number>();

  function isDeaf(now: number): boolean {
    const nodes = membership.nodes();
    const heard = nodes.filter(
      (node) => now - (heardAt.get(node) ?? Number.NEGATIVE_INFINITY) <= rules.timing.deafAfterMs,
    );
    return heard.length < rules.majorityOf(nodes.length);
  }

  return {
    heard(from, now) {
      const wasDeaf = isDeaf(now);
      heardAt.set(from, now);
      return wasDeaf && !isDeaf(now);
    },
    isDeaf,
  };
}
