/** Who sends under a floating IP, from the frames at the nodes' ports of the switch, one after the other. Pure. */

export interface Frame {
  readonly ip: string;
  readonly by: string;
  readonly atMs: number;
}

export interface Senders {
  /** @returns what is wrong, in words; null: nothing */
  take(frame: Frame): string | null;
  /** Who sent last. */
  now(ip: string): string | undefined;
  changes(ip: string): number;
}

/**
 * What a holder sends ends before the next one's begins. One that lost the address cannot have it back sooner than witnesses
 * forget a claim (620 ms, docs/lease.md): who is heard again before that, and not long after the other one, held it too.
 */
const BACK_MS = 500;

interface Seen {
  readonly by: string;
  /** Its latest frame. */
  lastMs: number;
}

export function createSenders(): Senders {
  const seen = new Map<string, Seen[]>();
  const changes = new Map<string, number>();
  return {
    take({ ip, by, atMs }) {
      const senders = seen.get(ip) ?? [];
      seen.set(ip, senders);
      const last = senders.at(-1);
      if (last?.by === by) {
        last.lastMs = atMs;
        return null;
      }
      const before = senders.findLast((sender) => sender.by === by);
      senders.push({ by, lastMs: atMs });
      // The one before is all that is needed to tell.
      if (senders.length > 3) senders.shift();
      if (last !== undefined) changes.set(ip, (changes.get(ip) ?? 0) + 1);
      if (before === undefined || last === undefined || atMs - before.lastMs > BACK_MS) return null;
      return `${by} and ${last.by} both sent under ${ip}: ${by} again after ${Math.round(atMs - before.lastMs)} ms`;
    },
    now: (ip) => seen.get(ip)?.at(-1)?.by,
    changes: (ip) => changes.get(ip) ?? 0,
  };
}
