/**
 * A gateway tells all source nodes what it holds, until each has acknowledged it. Pure: time comes in, messages go out.
 *
 * What is held has revisions, and of a source node only one number is remembered: up to which revision it knows. So a
 * message holds whatever has changed since, one acknowledgement stands for all before it, and nodes that know the same
 * get the same message.
 *
 * It ends when all have acknowledged, and for those that are out of reach it goes on, at a bounded rate, while the address
 * is held: once in reach again, a node must hear of it although the reconciler may be away.
 */
import { ADDRESSES_MAX, type HeldEpoch, type Moved, type MovedAnswer } from "./messages.ts";

interface Told {
  readonly to: string;
  readonly message: Moved;
}

export interface Teller {
  /** All that this node holds, in the kernel: it answers for them now. */
  hold(held: readonly HeldEpoch[], now: number): void;
  /** All source nodes. One that was not among them before knows nothing. */
  tellTo(nodes: readonly string[], now: number): void;
  /** Another run of the node's agent: it knows nothing. */
  met(node: string, now: number): void;
  answered(from: string, answer: MovedAnswer, now: number): void;
  /** What is due, at most `AT_ONCE`. */
  wake(now: number): readonly Told[];
  /** When `wake` has something to do, or may have; never before `now`. */
  wakeAt(): number;
}

/** A round trip takes a millisecond; the first loss should not cost more than a heartbeat does. */
const RETRY_LEAST_MS = 50;
const RETRY_MOST_MS = 2_000;
/** Two milliseconds of work: answers and heartbeats come in between. */
const AT_ONCE = 64;

interface Target {
  /** It knows all up to this revision. */
  known: number;
  /** Without an answer since. */
  attempts: number;
  dueAt: number;
}

export function createTeller(): Teller {
  /** In the order of revisions. */
  const held = new Map<string, { readonly epoch: number; readonly revision: number }>();
  const targets = new Map<string, Target>();
  /** By what the receiver knows. */
  const messages = new Map<number, Moved>();
  let revision = 0;
  let wakeAt = Number.POSITIVE_INFINITY;

  function makeDue(target: Target, now: number): void {
    target.attempts = 0;
    target.dueAt = now;
    wakeAt = Math.min(wakeAt, now);
  }

  /** Behind those who have not been told yet. */
  function queueAgain(node: string): void {
    const target = targets.get(node);
    targets.delete(node);
    if (target !== undefined) targets.set(node, target);
  }

  function messageFor(known: number): Moved | null {
    const made = messages.get(known);
    if (made !== undefined) return made;
    const unknown = [...held].filter(([, taken]) => taken.revision > known).slice(0, ADDRESSES_MAX);
    const last = unknown.at(-1);
    if (last === undefined) return null;
    const message: Moved = {
      type: "moved",
      upTo: last[1].revision,
      held: unknown.map(([ip, { epoch }]) => [ip, epoch]),
    };
    messages.set(known, message);
    return message;
  }

  return {
    hold(next, now) {
      const epochs = new Map(next);
      const isNew = ([ip, epoch]: HeldEpoch) => held.get(ip)?.epoch !== epoch;
      const taken = [...epochs].filter(isNew);
      const lost = [...held.keys()].filter((ip) => !epochs.has(ip));
      if (taken.length + lost.length === 0) return;
      messages.clear();
      for (const ip of lost) held.delete(ip);
      for (const [ip, epoch] of taken) {
        revision += 1;
        held.delete(ip);
        held.set(ip, { epoch, revision });
      }
      if (taken.length > 0) for (const target of targets.values()) makeDue(target, now);
    },
    tellTo(nodes, now) {
      const wanted = new Set(nodes);
      for (const node of targets.keys()) if (!wanted.has(node)) targets.delete(node);
      for (const node of wanted) {
        if (targets.has(node)) continue;
        const target = { known: 0, attempts: 0, dueAt: now };
        targets.set(node, target);
        makeDue(target, now);
      }
    },
    met(node, now) {
      const target = targets.get(node);
      if (target === undefined) return;
      target.known = 0;
      makeDue(target, now);
    },
    answered(from, { upTo }, now) {
      const target = targets.get(from);
      if (target === undefined || upTo <= target.known || upTo > revision) return;
      target.known = upTo;
      if (messageFor(upTo) !== null) makeDue(target, now);
    },
    wake(now) {
      const told: Told[] = [];
      wakeAt = Number.POSITIVE_INFINITY;
      for (const [to, target] of targets) {
        const message = messageFor(target.known);
        if (message === null) continue;
        if (target.dueAt <= now) {
          told.push({ to, message });
          target.dueAt = now + Math.min(RETRY_MOST_MS, RETRY_LEAST_MS * 2 ** target.attempts);
          target.attempts += 1;
        }
        wakeAt = Math.min(wakeAt, target.dueAt);
        if (told.length < AT_ONCE) continue;
        wakeAt = now;
        break;
      }
      for (const { to } of told) queueAgain(to);
      return told;
    },
    wakeAt: () => wakeAt,
  };
}
