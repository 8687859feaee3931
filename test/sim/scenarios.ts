/** Worlds in which things go wrong, from a little of one kind to all of everything. */
import type { Weather } from "./network.ts";
import type { Scenario } from "./world.ts";

export const BAD_WEATHER: Weather = { loss: 0.03, duplicates: 0.02, late: 0.05, lateMs: 900 };

const cluster = { gateways: 5, witnesses: 3, ips: 3, chaosMs: 60_000, calmMs: 15_000 } as const;
const ordinary = { pauses: 700, cuts: 900, slowness: 2000, restarts: 1500 } as const;
const everything = {
  ...ordinary,
  ...{ power: 5000, blackouts: 20_000, parks: 5000, contests: 3000, moves: 2000, "silence-of-plan": 9000 },
  ...{ "witness-changes": 5000, "disk-losses": 8000 },
} as const;
const stormy = { weather: BAD_WEATHER, freezeShare: 0.0004 } as const;

export const SCENARIOS: Readonly<Record<string, Scenario>> = {
  "nothing goes wrong": { ...cluster, chaosMs: 20_000, faults: {} },
  "messages, processes and links fail": { ...cluster, ...stormy, faults: ordinary },
  "the same with five witnesses": { ...cluster, ...stormy, witnesses: 5, faults: ordinary },
  "every candidate tries at any time": { ...cluster, ...stormy, faults: ordinary, hintEveryMs: 100, calmMs: 0 },
  "the power fails, on one node or on all": { ...cluster, ...stormy, faults: { power: 3000, blackouts: 15_000 } },
  "restarts with the addresses kept open": {
    ...cluster,
    ...stormy,
    faults: { parks: 2500, cuts: 2000, restarts: 4000 },
  },
  "planned moves": { ...cluster, faults: { moves: 1500, "silence-of-plan": 9000 } },
  "witnesses change": { ...cluster, ...stormy, others: 1, faults: { ...ordinary, "witness-changes": 4000 } },
  "disks are lost": { ...cluster, faults: { restarts: 3000, pauses: 2000, "disk-losses": 4000 } },
  "everything at once": { ...cluster, ...stormy, others: 1, faults: everything },
  "everything at once, everybody eager": {
    ...cluster,
    ...stormy,
    others: 1,
    faults: everything,
    hintEveryMs: 100,
    calmMs: 0,
  },
  "two nodes and a third witness": {
    ...cluster,
    ...stormy,
    gateways: 2,
    others: 1,
    faults: { ...ordinary, parks: 5000 },
  },
  "a single node": {
    ...{ ...cluster, gateways: 1, witnesses: 1, freezeShare: 0.0004 },
    faults: { pauses: 2000, restarts: 3000, power: 6000, parks: 5000 },
  },
};
