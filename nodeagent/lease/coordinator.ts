/**
 * Brings the witness set to the one that is wanted, one member at a time. Nothing is remembered between steps or
 * processes: each set is settled before the next is chosen, so whoever takes over begins by settling what it finds, and
 * two at once do no harm.
 *
 * Settling: a majority of the set has it on disk (`spread`); every register is written again by a majority of it
 * (`collect`, `rewrite`); what was granted under the set before has ended (`wait`). Then the next set is chosen in the
 * register of the successor (`choose`).
 */
import type { Output } from "./io.ts";
import type { Membership } from "./membership.ts";
import { BATCH_MAX, type Listing, type Message, setNotice } from "./messages.ts";
import { createProposer, type Rounds } from "./proposer.ts";
import { SET_KEY } from "./register.ts";
import type { Rules } from "./rules.ts";
import { nodeOf, setOf, successorValue, type WitnessId, type WitnessSet } from "./witness-set.ts";

export interface Coordinator {
  /** `null`: nothing is asked. */
  want(target: readonly WitnessId[] | null): void;
  receive(from: string, message: Message, now: number): Output[];
  /** @param adopt tells the process of a set that was chosen */
  advance(now: number, adopt: (set: WitnessSet) => Output[]): Output[];
  adopted(): void;
  settled(): boolean;
  wakeAt(): number;
}

type Phase = "spread" | "collect" | "rewrite" | "wait" | "settled";

interface Collected {
  after: string;
  complete: boolean;
}

export function createCoordinator(self: WitnessId, membership: Membership, rounds: Rounds, rules: Rules): Coordinator {
  const proposer = createProposer(membership, rounds, rules);
  let target: readonly WitnessId[] | null = null;
  let phase: Phase = "spread";
  let askAt = 0;
  let waitUntil = 0;
  let spreadAt = 0;
  let parkedMs = 0;
  let chosen: WitnessSet | null = null;
  /** Witnesses, members or not, that have answered with the set in force, and when last. */
  const knowing = new Map<string, number>();
  const collected = new Map<string, Collected>();
  const keys = new Set<string>();

  const majority = (count: number) => count >= rules.majorityOf(membership.nodes().length);

  function restart(): void {
    phase = "spread";
    askAt = 0;
    parkedMs = 0;
    chosen = null;
    proposer.abandon();
    knowing.clear();
    collected.clear();
    keys.clear();
  }

  const ask = (to: string): Output => ({
    do: "send",
    to,
    message: setNotice(true, self, membership.current()),
  });

  function step(now: number): Output[] {
    switch (phase) {
      case "spread":
        return spread(now);
      case "collect":
        return collect(now);
      case "rewrite":
        return rewrite(now);
      case "wait":
        if (now > waitUntil) phase = "settled";
        return [];
      case "settled":
        return choose(now);
      default:
        return phase satisfies never;
    }
  }

  function spread(now: number): Output[] {
    if (majority(membership.current().members.filter((member) => knowing.has(member)).length)) {
      phase = "collect";
      spreadAt = now;
      askAt = now;
      return [];
    }
    return everyAnswerMs(now, () => membership.nodes().map(ask));
  }

  function collect(now: number): Output[] {
    if (majority([...collected.values()].filter(({ complete }) => complete).length)) {
      phase = "rewrite";
      if (!rules.rewrites) keys.clear();
      return [];
    }
    return everyAnswerMs(now, () => membership.nodes().flatMap(askList));
  }

  function askList(to: string): Output[] {
    const { after, complete } = collected.get(to) ?? { after: "", complete: false };
    if (complete) return [];
    return [{ do: "send", to, message: { type: "list", set: membership.current().version, after } }];
  }

  function rewrite(now: number): Output[] {
    for (const { key, is } of proposer.verdicts(now)) if (is === "chosen") keys.delete(key);
    if (keys.size === 0) {
      phase = "wait";
      waitUntil = spreadAt + rules.settleMs(parkedMs + (now - spreadAt), rules.timing);
      return [];
    }
    if (proposer.busy()) return [];
    return everyAnswerMs(now, () =>
      proposer.propose([...keys].slice(0, BATCH_MAX), "rewrite", (_, inForce) => inForce, now),
    );
  }

  /** The next set, once its members answer: a set whose majority is silent would stop everything. */
  function choose(now: number): Output[] {
    for (const verdict of proposer.verdicts(now)) if (verdict.is === "chosen") chosen = setOf(verdict.value);
    if (chosen !== null || target === null || proposer.busy()) return [];
    const { version, members } = membership.current();
    const next = rules.nextMembers(members, target);
    if (next === null) return [];
    return everyAnswerMs(now, () => {
      const nodes = next.map(nodeOf);
      const freshFrom = now - 2 * rules.timing.answerMs;
      const alive = next.filter((member) => (knowing.get(member) ?? Number.NEGATIVE_INFINITY) > freshFrom);
      const asks = [...new Set([...membership.nodes(), ...nodes])].map(ask);
      const added = next.find((member) => !members.includes(member));
      if (alive.length < rules.majorityOf(next.length) || (added !== undefined && !alive.includes(added))) return asks;
      const value = successorValue(version + 1, next);
      const proposed = proposer.propose(
        [SET_KEY],
        "rewrite",
        (_, inForce) => rules.successor(version, value, inForce),
        now,
      );
      return [...asks, ...proposed];
    });
  }

  function everyAnswerMs(now: number, messages: () => Output[]): Output[] {
    if (now < askAt) return [];
    askAt = now + rules.timing.answerMs;
    return messages();
  }

  function onListing(from: string, { set, after, keys: listed, more, parkedMs: parked }: Listing): void {
    const known = collected.get(from) ?? { after: "", complete: false };
    if (phase !== "collect" || set !== membership.current().version || known.complete || known.after !== after) return;
    for (const key of listed) keys.add(key);
    parkedMs = Math.max(parkedMs, parked);
    collected.set(from, { after: listed.at(-1) ?? after, complete: !more });
    // The next page at once.
    if (more) askAt = 0;
  }

  return {
    want(next) {
      target = next;
    },
    receive(from, message, now) {
      if (target === null) return [];
      if (message.type === "set" && message.set.version === membership.current().version) {
        knowing.set(message.witness, now);
      }
      if (message.type === "listing" && membership.nodes().includes(from)) onListing(from, message);
      if (message.type === "accepted") proposer.onAccepted(from, message);
      return message.type === "promised" ? proposer.onPromised(from, message) : [];
    },
    advance(now, adopt) {
      if (target === null || membership.current().version === 0) return [];
      const outputs: Output[] = [];
      let before: Phase;
      do {
        before = phase;
        outputs.push(...step(now));
      } while (phase !== before);
      if (chosen !== null) outputs.push(...adopt(chosen));
      return outputs;
    },
    adopted: restart,
    settled: () => target !== null && phase === "settled",
    wakeAt() {
      if (target === null) return Number.POSITIVE_INFINITY;
      if (phase === "wait") return waitUntil + 1;
      const busy = proposer.busy() ? proposer.deadline() : Number.POSITIVE_INFINITY;
      if (phase === "settled" && rules.nextMembers(membership.current().members, target) === null) return busy;
      return Math.min(busy, Math.max(askAt, 0));
    },
  };
}
