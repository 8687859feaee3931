/** A node that holds addresses or may have to: heartbeats, claims, take-overs, and what enters the kernel's `mine`. */
import { createAddresses } from "./addresses.ts";
import { type Acknowledged, createBeat } from "./beat.ts";
import { createCandidacy } from "./candidacy.ts";
import { createHearing } from "./hearing.ts";
import type { Desired, HeldReport, Input, Output, StartState } from "./io.ts";
import type { Membership } from "./membership.ts";
import {
  BATCH_MAX,
  type Claim,
  type HeartbeatAnswer,
  type LeaseLength,
  type Message,
  setNotice,
  type Watch,
} from "./messages.ts";
import { createMine } from "./mine.ts";
import { createProposer, type Rounds, type Verdict } from "./proposer.ts";
import type { Rules } from "./rules.ts";
import { createSeeds } from "./seeds.ts";

export interface Holder {
  handle(input: Input, now: number): Output[];
  /** The witness set has changed. */
  adopted(now: number): Output[];
  wakeAt(): number;
  report(now: number): { held: HeldReport[]; pending: string[]; claims: Claim[] };
  revision(now: number): number;
}

export function createHolder(
  start: StartState,
  membership: Membership,
  rounds: Rounds,
  rules: Rules,
  startedAt: number,
): Holder {
  const { timing } = rules;
  const { node, generation } = start;
  const addresses = createAddresses(rules);
  const mine = createMine(generation);
  const seeds = createSeeds(start.openIPs, startedAt + timing.resumeMs);
  const beat = createBeat(generation, membership, rules);
  const candidacy = createCandidacy(node, timing);
  const proposer = createProposer(membership, rounds, rules);
  const hearing = createHearing(membership, rules);
  let watch: Watch = { type: "watch", generation, version: 0, ips: [] };
  let desired: Desired | null = null;
  let nextBeatAt = startedAt;
  let lastBeatAt = startedAt;
  let beatRevision = 0;
  let nextTurnAt = Number.POSITIVE_INFINITY;
  let writtenRevision = Number.NaN;
  let nextWriteAt = startedAt;
  let leaseUntil = Number.NEGATIVE_INFINITY;
  /** The kernel's lease may be a long one: it is the successor of a parked process, or has parked itself. */
  let long = start.openIPs.length > 0;
  let stopping: { readonly how: "park" | "release"; readonly until: number } | null = null;
  let seedsAt = startedAt;
  let stopped = false;
  /** A node that only witnesses has no gate. */
  let active = start.openIPs.length > 0;

  const majority = () => rules.majorityOf(membership.nodes().length);

  function handleInput(input: Input, now: number): Output[] {
    switch (input.on) {
      case "desired":
        return onDesired(input.desired);
      case "message":
        return onMessage(input.from, input.message, now);
      case "armed":
        return beat.armed(input.number, () => ({ claims: addresses.claims(), lease: lease(), watch: watch.version }));
      case "refreshed":
        return onRefreshed(beat.confirmed(input.number), now);
      case "parked":
        return beat.confirmed(input.number) === null ? [] : stop(true);
      case "mine-written":
        mine.written(input.write, input.done);
        if (!input.done) nextWriteAt = now + timing.heartbeatMs;
        return [];
      case "contested":
        return onContested(input.ips, now);
      case "stop":
        return onStop(input.how, now);
      case "persisted":
      case "wake":
        return [];
      default:
        return input satisfies never;
    }
  }

  /** What follows from whatever has just happened, whatever it was. */
  function advance(now: number): Output[] {
    if (stopped) return [];
    const outputs: Output[] = [];
    for (const verdict of proposer.verdicts(now)) onVerdict(verdict, now);
    seeds.drop((ip) => candidacy.wanted(ip) === undefined && desired !== null);
    outputs.push(...writeMine(now));
    addresses.settle(mine);
    outputs.push(...announce());
    outputs.push(...propose(now));
    if (stopping !== null && now >= stopping.until) return [...outputs, ...stop(false)];
    if (now >= beatAt()) outputs.push(...heartbeat(now));
    nextTurnAt = candidacy.nextTurn(now);
    return outputs;
  }

  function writeMine(now: number): Output[] {
    // Seeds only ever go.
    const revision = addresses.revision() + mine.revision() - seeds.size();
    if (!active || now < nextWriteAt || revision === writtenRevision) return [];
    writtenRevision = revision;
    return mine.next(new Set([...addresses.wanted(), ...seeds.all()]));
  }

  const beatAt = () =>
    addresses.claimsRevision() === beatRevision ? nextBeatAt : Math.min(nextBeatAt, lastBeatAt + timing.soonestMs);

  function onDesired(next: Desired): Output[] {
    desired = next;
    active ||= next.addresses.length > 0;
    candidacy.want(next.addresses);
    const ips = next.addresses.map(({ ip }) => ip);
    watch = { type: "watch", generation, version: watch.version + 1, ips };
    for (const [ip, { epoch }] of addresses.each()) {
      const wanted = candidacy.wanted(ip);
      if (wanted === undefined || wanted.releaseEpoch === epoch) addresses.leave(ip);
    }
    return membership.nodes().map((to) => ({ do: "send", to, message: watch }));
  }

  function onMessage(from: string, message: Message, now: number): Output[] {
    if (hearing.heard(from, now)) nextBeatAt = now;
    if (message.type === "promised") return proposer.onPromised(from, message);
    // Awake anyway: nodes that hear each other beat together, and each wakes once instead of once for everybody.
    if (message.type === "heartbeat" && from !== node && now >= lastBeatAt + timing.heartbeatMs) hasten(now);
    if (message.type === "accepted") proposer.onAccepted(from, message);
    if (message.type === "heartbeat-answer") return onAnswer(from, message, now);
    if (message.type === "freed" && message.set === membership.current().version) {
      candidacy.heardMore(from, message.free, majority(), now);
      if (candidacy.waits()) hasten(now);
    }
    return [];
  }

  function hasten(now: number): void {
    nextBeatAt = Math.min(nextBeatAt, Math.max(now, lastBeatAt + timing.heartbeatMs));
  }

  function onAnswer(from: string, answer: HeartbeatAnswer, now: number): Output[] {
    if (answer.generation !== generation) return [];
    rounds.learn(answer.round);
    for (const [ip, epoch] of answer.refused) if (addresses.epochOf(ip) === epoch) addresses.leave(ip);
    if (answer.set === membership.current().version) {
      candidacy.heard(from, answer.free, majority(), now);
    }
    const outputs: Output[] = answer.watch < watch.version ? [{ do: "send", to: from, message: watch }] : [];
    const acknowledged = beat.answered(from, answer);
    if (acknowledged === null) return outputs;
    if (acknowledged.lease !== "parking") return [...outputs, { do: "refresh", number: acknowledged.number }];
    long = true;
    return [...outputs, { do: "park", number: acknowledged.number }];
  }

  function onRefreshed(acknowledged: Acknowledged | null, now: number): Output[] {
    if (acknowledged === null) return [];
    long = false;
    leaseUntil = now + timing.leaseMs;
    addresses.covered(acknowledged.claims);
    if (stopping === null && !candidacy.waits()) nextBeatAt = lastBeatAt + timing.restMs;
    const released = stopping?.how === "release" && acknowledged.claims.size === 0 && mine.settled();
    return released ? stop(false) : [];
  }

  function onContested(ips: readonly string[], now: number): Output[] {
    for (const ip of ips) addresses.reclaim(ip);
    // What is under way was asked before.
    beat.abandon();
    nextBeatAt = now;
    return [];
  }

  function onVerdict(verdict: Verdict, now: number): void {
    const { key: ip } = verdict;
    if (verdict.is === "chosen" && stopping === null && candidacy.wanted(ip) !== undefined) {
      addresses.chosen(ip, verdict.value.epoch, verdict.proof, seeds.has(ip));
      seeds.take(ip);
      return;
    }
    if (verdict.is === "denied" && now >= seeds.until) seeds.take(ip);
    seedsAt = now + timing.heartbeatMs;
    candidacy.postpone(ip, now);
  }

  function announce(): Output[] {
    const ips = addresses.toAnnounce(mine);
    return ips.length === 0 ? [] : [{ do: "announce", ips }];
  }

  function propose(now: number): Output[] {
    if (proposer.busy() || stopping !== null || !mine.replaced() || desired === null) return [];
    const back = now < seedsAt ? [] : seeds.all().slice(0, BATCH_MAX);
    const ips = back.length > 0 ? back : candidacy.due(now, BATCH_MAX).filter((ip) => !addresses.has(ip));
    if (ips.length === 0) return [];
    return proposer.propose(ips, "take", (_, inForce) => ({ epoch: (inForce?.epoch ?? 0) + 1, owner: node }), now);
  }

  function lease(): LeaseLength {
    if (stopping?.how === "park" && mine.settled()) return "parking";
    return long ? "parked" : "short";
  }

  function heartbeat(now: number): Output[] {
    nextBeatAt = now + timing.heartbeatMs;
    lastBeatAt = now;
    beatRevision = addresses.claimsRevision();
    if (!active) return [];
    if (addresses.claims().length > 0 && hearing.isDeaf(now)) return askWitnesses();
    const unclaimed = [...mine.possible()].filter((ip) => !addresses.has(ip)).length;
    return rules.mayHeartbeat(unclaimed, mine.replaced()) ? beat.begin() : [];
  }

  function askWitnesses(): Output[] {
    const message = setNotice(true, start.witness, membership.current());
    return membership.nodes().map((to) => ({ do: "send", to, message }));
  }

  function onStop(how: "park" | "release", now: number): Output[] {
    if ([...addresses.each()].length + seeds.size() === 0) return stop(false);
    stopping = { how, until: now + timing.stopMs };
    if (how === "release") seeds.drop(() => true);
    hasten(now);
    for (const [ip, { phase }] of addresses.each()) {
      if (how === "release" || phase === "claimed") addresses.leave(ip);
    }
    return [];
  }

  function stop(parked: boolean): Output[] {
    stopped = true;
    beat.abandon();
    return [{ do: "stopped", parked }];
  }

  return {
    handle: (input, now) => (stopped ? [] : [...handleInput(input, now), ...advance(now)]),
    adopted(now) {
      beat.abandon();
      candidacy.forget();
      for (const verdict of proposer.abandon()) onVerdict(verdict, now);
      return [];
    },
    wakeAt: () => (stopped ? Number.POSITIVE_INFINITY : Math.min(beatAt(), nextTurnAt, proposer.deadline())),
    report(now) {
      const open = now < leaseUntil;
      const isHeld = (ip: string) => open && mine.contains(ip);
      const all = [...addresses.each()];
      return {
        held: all.filter(([ip]) => isHeld(ip)).map(([ip, { epoch, proof }]) => ({ ip, epoch, proof })),
        claims: addresses.claims(),
        pending: [...all.map(([ip]) => ip), ...seeds.all()].filter((ip) => !addresses.has(ip) || !isHeld(ip)),
      };
    },
    revision(now) {
      // Seeds only ever go, the others only grow.
      const changes = addresses.revision() + addresses.claimsRevision() + mine.revision() - seeds.size();
      return 2 * changes + (now < leaseUntil ? 1 : 0);
    },
  };
}
