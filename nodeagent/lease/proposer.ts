/** Proposals: many registers at once, each on its way by itself: promised by a majority, then accepted by a majority. */
import type { Output, Proof } from "./io.ts";
import type { Membership } from "./membership.ts";
import type { AcceptAnswer, Grounds, Promised, Purpose } from "./messages.ts";
import { type Accepted, type Ballot, isBelow, sameBallot, type Value } from "./register.ts";
import type { Rules } from "./rules.ts";

/** Rounds of one process, shared by its proposers so that no ballot is used twice. */
export interface Rounds {
  next(): Ballot;
  /** Somebody else is there already. */
  learn(round: number): void;
}

export function createRounds(node: string, generation: number): Rounds {
  let round = 0;
  return {
    next() {
      round += 1;
      return [round, node, generation];
    },
    learn(seen) {
      round = Math.max(round, seen);
    },
  };
}

/** How a key fared. `denied`: by so many that no majority is left; the others were not decided in time. */
export type Verdict =
  | { readonly key: string; readonly is: "chosen"; readonly value: Value; readonly proof: Proof }
  | { readonly key: string; readonly is: "denied" | "undecided" };

export interface Proposer {
  /** Nothing is proposed while this is true. */
  busy(): boolean;
  /**
   * @param decide the new value from the one in force; `null` when there is nothing to propose
   */
  propose(keys: readonly string[], purpose: Purpose, decide: Decide, now: number): Output[];
  onPromised(from: string, answer: Promised): Output[];
  onAccepted(from: string, answer: AcceptAnswer): void;
  /** Those decided since the last call; after `answerMs` also the others, and the proposal is over. */
  verdicts(now: number): Verdict[];
  /** The witness set has changed: what was proposed under the older one is void. */
  abandon(): Verdict[];
  /** When `verdicts` should be asked at the latest. */
  deadline(): number;
}

type Decide = (key: string, inForce: Accepted | null) => Value | null;

interface Track {
  readonly promisedBy: Map<string, Grounds>;
  readonly deniedBy: Set<string>;
  readonly acceptedBy: Set<string>;
  highest: Accepted | null;
  value: Value | null;
}

export function createProposer(membership: Membership, rounds: Rounds, rules: Rules): Proposer {
  let ballot: Ballot | null = null;
  let purpose: Purpose = "take";
  let decide: Decide = () => null;
  let deadline = Number.POSITIVE_INFINITY;
  const open = new Map<string, Track>();
  let decided: Verdict[] = [];

  const majority = () => rules.majorityOf(membership.nodes().length);
  const isCurrent = (set: number, answered: Ballot) =>
    set === membership.current().version && ballot !== null && sameBallot(ballot, answered);

  function finish(key: string, verdict: Verdict): void {
    open.delete(key);
    decided.push(verdict);
    if (open.size === 0) ballot = null;
  }

  function onDenied(from: string, denied: Promised["denied"]): void {
    for (const [key, round] of denied) {
      rounds.learn(round);
      const track = open.get(key);
      track?.deniedBy.add(from);
      if (track !== undefined && track.deniedBy.size > membership.nodes().length - majority()) {
        finish(key, { key, is: "denied" });
      }
    }
  }

  function endAll(): Verdict[] {
    for (const key of [...open.keys()]) finish(key, { key, is: "undecided" });
    deadline = Number.POSITIVE_INFINITY;
    const verdicts = decided;
    decided = [];
    return verdicts;
  }

  return {
    busy: () => ballot !== null,
    deadline: () => (decided.length > 0 ? 0 : deadline),
    propose(keys, newPurpose, newDecide, now) {
      ballot = rounds.next();
      purpose = newPurpose;
      decide = newDecide;
      deadline = now + rules.timing.answerMs;
      for (const key of keys) {
        const track = { promisedBy: new Map(), deniedBy: new Set<string>(), acceptedBy: new Set<string>() };
        open.set(key, { ...track, highest: null, value: null });
      }
      const set = membership.current().version;
      const message = { type: "prepare", set, ballot, purpose, keys } as const;
      return membership.nodes().map((to) => ({ do: "send", to, message }));
    },
    onPromised(from, answer) {
      const { current } = membership;
      if (ballot === null || !isCurrent(answer.set, answer.ballot) || !membership.nodes().includes(from)) return [];
      const values: [string, Value][] = [];
      for (const [key, accepted, grounds] of answer.promised) {
        const track = open.get(key);
        if (track === undefined) continue;
        track.promisedBy.set(from, grounds);
        // Promises that come after the majority's cannot change the value any more.
        if (track.value !== null) continue;
        if (accepted !== null && isBelow(track.highest?.ballot ?? null, accepted.ballot)) track.highest = accepted;
        if (track.promisedBy.size < majority()) continue;
        track.value = decide(key, track.highest);
        if (track.value === null) finish(key, { key, is: "denied" });
        else values.push([key, track.value]);
      }
      const proposed = answer.ballot;
      onDenied(from, answer.denied);
      if (values.length === 0) return [];
      const message = { type: "accept", set: current().version, ballot: proposed, purpose, values } as const;
      return membership.nodes().map((to) => ({ do: "send", to, message }));
    },
    onAccepted(from, answer) {
      if (!isCurrent(answer.set, answer.ballot) || !membership.nodes().includes(from)) return;
      for (const key of answer.accepted) {
        const track = open.get(key);
        if (track === undefined || track.value === null) continue;
        track.acceptedBy.add(from);
        if (track.acceptedBy.size < majority()) continue;
        const proof = proofOf(track.promisedBy, membership.nodes().length);
        finish(key, { key, is: "chosen", value: track.value, proof });
      }
      onDenied(from, answer.denied);
    },
    verdicts(now) {
      if (now >= deadline) return endAll();
      if (open.size === 0) deadline = Number.POSITIVE_INFINITY;
      const verdicts = decided;
      decided = [];
      return verdicts;
    },
    abandon: endAll,
  };
}

function proofOf(promisedBy: ReadonlyMap<string, Grounds>, witnesses: number): Proof {
  const grounds: Partial<Record<Grounds, number>> = {};
  for (const each of promisedBy.values()) grounds[each] = (grounds[each] ?? 0) + 1;
  return { grounds, witnesses };
}
