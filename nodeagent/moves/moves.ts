/** Tells and hears of moves over the network: the pure parts with a clock and a way to send. */
import { createAlarm } from "../alarm.ts";
import { createListener, type Followed, type Holder } from "./listener.ts";
import type { HeldEpoch, Moved, MovedAnswer } from "./messages.ts";
import { createTeller } from "./teller.ts";

export interface MovesParts {
  readonly send: (node: string, message: Moved | MovedAnswer) => void;
  /** Somebody else holds these from now on: one map element for each. */
  readonly onMoved: (holders: readonly Holder[]) => void;
  /** As `performance.now`. */
  readonly nowMs: () => number;
}

export interface Moves {
  /** All that this node answers for, each time that changes. */
  hold(held: readonly HeldEpoch[]): void;
  /** All nodes that send through floating IPs, and all others with which this one talks. */
  knowPeers(nodes: readonly string[]): void;
  /** All floating IPs that this node sends through, as the plan has them. */
  follow(followed: readonly Followed[]): void;
  /** Holders that are newer than those of the plan. */
  newer(): readonly Holder[];
  met(peer: string): void;
  receive(from: string, message: Moved | MovedAnswer): void;
  close(): void;
}

export function startMoves({ send, onMoved, nowMs }: MovesParts): Moves {
  const teller = createTeller();
  const listener = createListener();
  const alarm = createAlarm(nowMs, () => {
    for (const { to, message } of teller.wake(nowMs())) send(to, message);
    sleep();
  });

  function sleep(): void {
    alarm.set(teller.wakeAt());
  }

  return {
    hold(held) {
      teller.hold(held, nowMs());
      sleep();
    },
    knowPeers(nodes) {
      teller.tellTo(nodes, nowMs());
      listener.keep(nodes);
      sleep();
    },
    follow: listener.follow,
    newer: listener.newer,
    met(peer) {
      teller.met(peer, nowMs());
      sleep();
    },
    receive(from, message) {
      if (message.type === "moved-answer") {
        teller.answered(from, message, nowMs());
        sleep();
        return;
      }
      const { answer, changes } = listener.hear(from, message);
      send(from, answer);
      if (changes.length > 0) onMoved(changes);
    },
    close: alarm.close,
  };
}
