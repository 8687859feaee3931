/** Each rule left out once, in a world where that must show. */
import { RULES, type Rules } from "../../nodeagent/lease/rules.ts";
import { CALM } from "./network.ts";
import { BAD_WEATHER } from "./scenarios.ts";
import {
  changeUnderLease,
  changeUnderPark,
  freezeAtResume,
  lateRelease,
  overtakenPark,
  replaceWitnesses,
} from "./set-pieces.ts";
import { type Scenario, SIMULATED, type Variant } from "./world.ts";

export interface Mutation {
  readonly leftOut: string;
  readonly variant: Variant;
  readonly scenario: Scenario;
}

const { refuses } = RULES;
const { timing } = SIMULATED;

/**
 * That nobody but a new owner may try for a while is not needed for safety, and hides what else is missing: these worlds do
 * without. So the first row, with nothing else left out, must stay without violation.
 */
const groundsFor: Rules["groundsFor"] = (entry, ...rest) =>
  RULES.groundsFor({ ...entry, acceptedAt: Number.NEGATIVE_INFINITY }, ...rest);

export const BARE: Variant = { rules: { groundsFor } };

const small: Scenario = {
  ...{ gateways: 4, witnesses: 3, ips: 4, chaosMs: 60_000, calmMs: 0, hintEveryMs: 100 },
  ...{ weather: BAD_WEATHER, freezeShare: 0.0004 },
  faults: { pauses: 700, cuts: 900, slowness: 2000, restarts: 1500 },
};
/** Links fail, but not so often that nobody holds anything. */
const links: Scenario = { ...small, freezeShare: 0.0002, faults: { pauses: 2000, cuts: 1000 } };
const witnesses: Scenario = {
  ...{ ...small, others: 2, weather: { ...BAD_WEATHER, late: 0 }, freezeShare: 0, timing: { answerMs: 20 } },
  faults: { pauses: 1000, cuts: 1500, "witness-changes": 500 },
};

/** Little happens beside the set piece. */
const scene: Scenario = { ...witnesses, weather: CALM, freezeShare: 0, faults: {} };

function broken(leftOut: string, rules: Partial<Rules>, scenario: Scenario = small): Mutation {
  return { leftOut, variant: { rules: { groundsFor, ...rules } }, scenario };
}

function flawed(leftOut: string, variant: Variant, scenario: Scenario): Mutation {
  return { leftOut, variant: { ...BARE, ...variant }, scenario };
}

export const MUTATIONS: readonly Mutation[] = [
  broken("take only when the lease has ended", {
    groundsFor: (entry, node, now, startedAt, times) =>
      groundsFor(entry, node, now + times.freeAfterMs, startedAt, times),
  }),
  broken("refuse claims older than the accepted value", {
    refuses: (entry, ...claim) => refuses({ ...entry, accepted: null }, ...claim),
  }),
  broken(
    "refuse claims older than a recorded one",
    { refuses: (entry, ...claim) => refuses({ ...entry, newestEpoch: 0 }, ...claim) },
    { ...scene, setPiece: lateRelease },
  ),
  broken("record claims newer than the own register", {
    records: ({ accepted }, epoch) => epoch <= (accepted?.epoch ?? 0),
  }),
  broken(
    "ignore heartbeats that were overtaken",
    { isNewer: () => true },
    { ...links, faults: { slowness: 300, moves: 400, cuts: 2000 } },
  ),
  broken("the last claimant may take, not the register's owner", {
    groundsFor: (entry, node, ...rest) => (entry.accepted?.owner === node ? "own" : groundsFor(entry, node, ...rest)),
  }),
  broken(
    "a witness's own start counts as a claim",
    { groundsFor: (entry, node, now, _, times) => groundsFor(entry, node, now, Number.NEGATIVE_INFINITY, times) },
    { ...links, backWithinMs: 200, faults: { cuts: 1000, restarts: 300 } },
  ),
  broken(
    "answer when it is on disk",
    { persistsFirst: false },
    { ...links, slowestDiskMs: 3000, backWithinMs: 300, faults: { cuts: 700, power: 700, pauses: 1500 } },
  ),
  broken("a majority, not half", { majorityOf: (size) => Math.max(1, Math.floor(size / 2)) }),
  broken(
    "acknowledgements count for the newest heartbeat only",
    { counts: () => true },
    { ...links, freezeShare: 0.003 },
  ),
  broken("into `mine` only after an acknowledged claim", { mayEnter: () => true }, { ...small, slowestWriteMs: 2.1 }),
  broken(
    "claimed while it may be in `mine`",
    { mayDropClaim: (isInside) => !isInside },
    { ...links, slowestWriteMs: 1000, faults: { moves: 200 } },
  ),
  broken("no heartbeat while `mine` holds what is not claimed", { mayHeartbeat: (_, replaced) => replaced }),
  broken("no heartbeat before `mine` is this generation's", { mayHeartbeat: () => true }),
  broken(
    "notes of a park forbid taking",
    { groundsFor: (entry, ...rest) => groundsFor({ ...entry, park: null }, ...rest) },
    { ...small, faults: { parks: 2000 } },
  ),
  broken(
    "notes of a park stay until the lease is short",
    { endsPark: (_, isLater) => isLater },
    { ...scene, timing: {}, setPiece: freezeAtResume },
  ),
  broken(
    "notes of a park stay until a later heartbeat",
    { endsPark: (lease) => lease === "short" },
    { ...scene, timing: {}, setPiece: overtakenPark },
  ),
  broken(
    "the note outlasts the park",
    { timing: { ...timing, parkNoteMs: timing.parkMs - timing.leaseMs } },
    { ...small, freezeShare: 0, faults: { parks: 1500 } },
  ),
  broken("a witness goes by its own set only", { obeys: () => true }, { ...scene, setPiece: replaceWitnesses }),
  broken(
    "registers are written again after a change",
    { rewrites: false },
    { ...witnesses, faults: { ...witnesses.faults, "disk-losses": 200 } },
  ),
  broken("a change waits for leases to end", { settleMs: () => 0 }, { ...scene, setPiece: changeUnderLease }),
  broken(
    "a change waits for parks to end",
    { settleMs: (_, { freeAfterMs }) => freeAfterMs },
    { ...scene, setPiece: changeUnderPark },
  ),
  broken(
    "one member at a time",
    { nextMembers: (members, target) => (members.join() === target.join() ? null : target) },
    witnesses,
  ),
  broken(
    "one successor of each set",
    { successor: (_, wanted) => wanted },
    { ...witnesses, timing: {}, faults: { slowness: 300, "witness-changes": 500 } },
  ),
  flawed(
    "a witness that lost its disk is another witness",
    { keepsDiskName: true },
    { ...links, faults: { cuts: 1000, pauses: 1000, "disk-losses": 500 } },
  ),
  flawed(
    "a refresh sets the lease, it never keeps a longer one",
    { flaws: { keepsLongerLease: true } },
    { ...small, faults: { parks: 2000, cuts: 1500 } },
  ),
  flawed(
    "writes of a dead agent do not land",
    { flaws: { acceptsOldGenerations: true } },
    { ...small, slowestWriteMs: 150, backWithinMs: 20, faults: { restarts: 200, moves: 300 } },
  ),
  flawed(
    "the kernel refreshes only while armed",
    { flaws: { refreshesUnarmed: true } },
    { ...links, freezeShare: 0.003 },
  ),
];
