/**
 * What came, went, and did not. Strangers can cause drops as often as they like, so each kind is logged once in an
 * interval, with how often it was not.
 */
import type { Log } from "../log.ts";
import type { Drop } from "./session.ts";

export interface PeerCounts {
  /** Datagrams. */
  readonly sent: number;
  readonly received: number;
  /** By what hindered it: an error code of the kernel, `unbound`, `unknown-peer`, `too-large`. */
  readonly notSent: ReadonlyMap<string, number>;
  readonly dropped: ReadonlyMap<Drop, number>;
}

export interface Tally {
  sent(): void;
  received(): void;
  notSent(why: string): void;
  dropped(why: Drop, fields: Fields): void;
  /** Something that may happen again and again. */
  notice(kind: string, message: string, fields: Fields): void;
  counts(): PeerCounts;
}

type Fields = Readonly<Record<string, unknown>>;

const NOTICE_INTERVAL_MS = 60_000;

export function createTally(log: Log, nowMs: () => number): Tally {
  let sent = 0;
  let received = 0;
  const notSent = new Map<string, number>();
  const dropped = new Map<Drop, number>();
  const noticed = new Map<string, { readonly atMs: number; unsaid: number }>();

  function notice(kind: string, message: string, fields: Fields): void {
    const before = noticed.get(kind);
    if (before !== undefined && nowMs() - before.atMs < NOTICE_INTERVAL_MS) {
      before.unsaid += 1;
      return;
    }
    log.warn(before === undefined ? fields : { ...fields, unsaid: before.unsaid }, message);
    noticed.set(kind, { atMs: nowMs(), unsaid: 0 });
  }

  return {
    sent() {
      sent += 1;
    },
    received() {
      received += 1;
    },
    notSent(why) {
      notSent.set(why, (notSent.get(why) ?? 0) + 1);
    },
    dropped(why, fields) {
      dropped.set(why, (dropped.get(why) ?? 0) + 1);
      // Restarts and the network bring these about.
      if (why !== "stale" && why !== "repeated") notice(why, `dropped a datagram from another node: ${why}`, fields);
    },
    notice,
    counts: () => ({ sent, received, notSent: new Map(notSent), dropped: new Map(dropped) }),
  };
}
