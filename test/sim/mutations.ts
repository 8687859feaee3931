/** Each rule left out once, and the faults under which that must show. */
import { RULES, type Rules } from "../../nodeagent/lease/rules.ts";
import { type Fault, type Scenario, SIMULATED, type Variant } from "./world.ts";

export interface Mutation {
  readonly leftOut: string;
  readonly variant: Variant;
  readonly scenario: Scenario;
}

const ordinary: readonly Fault[] = ["weather", "pauses", "freezes-anywhere", "cuts", "restarts"];
const five: Scenario = { gateways: 5, witnesses: 3, ips: 12, chaosMs: 60_000, calmMs: 0, faults: ordinary };
const under = (...faults: Fault[]): Scenario => ({ ...five, faults });
const withAlso = (...faults: Fault[]): Scenario => ({ ...five, faults: [...ordinary, ...faults] });

function broken(leftOut: string, rules: Partial<Rules>, scenario: Scenario = five): Mutation {
  return { leftOut, variant: { rules }, scenario };
}

const { groundsFor, refuses } = RULES;
const { timing } = SIMULATED;

export const MUTATIONS: readonly Mutation[] = [
  broken("waiting until the lease has ended", {
    groundsFor: (entry, node, now, startedAt, { freeAfterMs }) =>
      groundsFor(entry, node, now + freeAfterMs, startedAt, timing),
  }),
  broken("refusing old claims", { refuses: () => false }),
  broken("refusing claims older than the accepted value", {
    refuses: (entry, ...claim) => refuses({ ...entry, accepted: null }, ...claim),
  }),
  broken("refusing claims older than a recorded one", {
    refuses: (entry, ...claim) => refuses({ ...entry, newestEpoch: 0 }, ...claim),
  }),
  broken("recording claims newer than the own register", {
    records: ({ accepted }, epoch) => epoch <= (accepted?.epoch ?? 0),
  }),
  broken("ignoring heartbeats that were overtaken", { isNewer: () => true }),
  broken("the last claimant decides, not the register's owner", {
    groundsFor: (entry, node, ...rest) => (entry.accepted?.owner === node ? "own" : groundsFor(entry, node, ...rest)),
  }),
  broken("a witness's own start counts as a claim", {
    groundsFor: (entry, node, now, _, times) => groundsFor(entry, node, now, Number.NEGATIVE_INFINITY, times),
  }),
  broken("answers wait for the disk", { persistsFirst: false }, withAlso("power")),
  broken("a majority, not half", { majorityOf: (size) => Math.max(1, Math.floor(size / 2)) }),
  broken("acknowledgements count for the newest heartbeat only", { counts: () => true }),
  broken("into `mine` only after an acknowledged claim", { mayEnter: () => true }),
  broken("never added while leaving", { mayEnterWhileLeaving: true }),
  broken("out of the claims only when out of `mine`", { mayDropClaim: () => true }),
  broken("no heartbeat while `mine` holds what is not claimed", { mayHeartbeat: (_, replaced) => replaced }),
  broken("no heartbeat before `mine` is this generation's", { mayHeartbeat: () => true }),
  broken(
    "notes of a park forbid taking",
    { groundsFor: (entry, ...rest) => groundsFor({ ...entry, parkedBy: null }, ...rest) },
    under("parks", "cuts"),
  ),
  broken("notes of a park stay until the lease is short", { endsPark: () => true }, withAlso("parks")),
  broken("the note outlasts the park", { timing: { ...timing, parkNoteMs: timing.parkMs - 450 } }, under("parks")),
  broken("a witness obeys its own set only", { obeys: () => true }, withAlso("set-changes")),
  broken("registers are written again after a change", { rewrites: false }, withAlso("set-changes")),
  broken("a change waits for leases to end", { settleMs: () => 0 }, withAlso("set-changes")),
  broken("a change waits for parks to end", { settleMs: () => 620 }, withAlso("set-changes", "parks")),
  broken("one member at a time", { nextMembers: (from, to) => (from.join() === to.join() ? null : to) }, withAlso("set-changes")),
  broken("one successor of each set", { successor: (_, wanted) => wanted }, withAlso("set-changes")),
  {
    leftOut: "a witness that lost its disk is another witness",
    variant: { keepsDiskName: true },
    scenario: withAlso("disk-loss"),
  },
  {
    leftOut: "a refresh sets the lease, it never keeps a longer one",
    variant: { flaws: { keepsLongerLease: true } },
    scenario: withAlso("parks"),
  },
  {
    leftOut: "writes of a dead agent do not land",
    variant: { flaws: { acceptsOldGenerations: true } },
    scenario: withAlso("parks", "moves"),
  },
  {
    leftOut: "the kernel refreshes only while armed",
    variant: { flaws: { refreshesUnarmed: true } },
    scenario: five,
  },
];
