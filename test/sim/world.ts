/**
 * Nodes, network, plan and faults in one virtual world, and what must hold in it at every moment: at most one open gate
 * for an address; an epoch of an address is given to one process; a version of the witness set has one list of members.
 */
import { RULES, type Rules } from "../../nodeagent/lease/rules.ts";
import type { Timing } from "../../nodeagent/lease/timing.ts";
import type { WitnessSet } from "../../nodeagent/lease/witness-set.ts";
import { disturb } from "./faults.ts";
import type { GateFlaws } from "./gate.ts";
import { createJudge } from "./judge.ts";
import { CALM, createNetwork, type Network, type Weather } from "./network.ts";
import { createNode, type SimNode } from "./node.ts";
import { createRandom, type Random } from "./random.ts";
import { createReconciler, type Reconciler } from "./reconciler.ts";
import { createTimeline, type Timeline } from "./timeline.ts";

/** What a run is made of; all that is left out is off. */
export interface Scenario {
  /** Nodes that may hold addresses. */
  readonly gateways: number;
  /** Further nodes, which may be witnesses only. */
  readonly others?: number;
  /** The first so many of all nodes are witnesses at first. */
  readonly witnesses: number;
  readonly ips: number;
  readonly chaosMs: number;
  /** Afterwards, without faults. */
  readonly calmMs: number;
  /** Each with the milliseconds between two of its kind, on average. */
  readonly faults: Partial<Readonly<Record<Fault, number>>>;
  readonly setPiece?: (world: World) => void;
  readonly weather?: Weather;
  /** Share of a process's acts before which it is frozen. */
  readonly freezeShare?: number;
  /** How soon a killed process, or a node without power, is back; 2000 unless said. */
  readonly backWithinMs?: number;
  /** Every candidate believes to be the first, and one of them is told so often that everything is free. */
  readonly hintEveryMs?: number;
  readonly timing?: Partial<Timing>;
  /** Kernel writes take up to this; 150 unless said. */
  readonly slowestWriteMs?: number;
  /** Writes to disk take up to this; 15 unless said. */
  readonly slowestDiskMs?: number;
}

type Fault =
  | "pauses"
  | "cuts"
  | "slowness"
  | "restarts"
  | "power"
  | "blackouts"
  | "parks"
  | "contests"
  | "moves"
  | "silence-of-plan"
  | "witness-changes"
  | "disk-losses";

/** The rules as they are in `nodeagent/lease`, or with one of them broken, or with a kernel that breaks them. */
export interface Variant {
  readonly rules?: Partial<Rules>;
  readonly flaws?: GateFlaws;
  readonly keepsDiskName?: boolean;
}

export interface Outcome {
  readonly steps: number;
  readonly takeOvers: number;
  readonly parks: number;
  readonly setVersion: number;
  /** In words; none is what is expected. */
  readonly violation: string | null;
  /** Addresses without exactly one holder after the calm. */
  readonly unsettled: readonly string[];
  /** Share of moments, sampled under faults, at which an address had a holder. */
  readonly availability: number;
}

export interface World {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly network: Network;
  readonly nodes: readonly SimNode[];
  readonly gateways: readonly SimNode[];
  readonly reconciler: Reconciler;
  readonly ips: readonly string[];
  readonly scenario: Scenario;
}

/** A park of a minute would make runs long and say no more. The note is as much longer as it is in truth. */
const parkMs = 6000;
export const SIMULATED: Rules = {
  ...RULES,
  timing: { ...RULES.timing, parkMs, parkNoteMs: Math.ceil((RULES.timing.armMs + parkMs) * 1.03) },
};

const START_MS = 2000;
const SAMPLE_MS = 50;

export function simulate(seed: number, scenario: Scenario, variant: Variant = {}): Outcome {
  const timeline = createTimeline();
  const random = createRandom(seed);
  const broken = { ...SIMULATED, ...variant.rules };
  const rules = { ...broken, timing: { ...broken.timing, ...scenario.timing } };
  const ips = Array.from({ length: scenario.ips }, (_, i) => `192.0.2.${i + 1}`);
  const judge = createJudge(timeline);
  const opened = (node: SimNode) => judge.opened(node, nodes);

  const byName = new Map<string, SimNode>();
  const network = createNetwork(timeline, random, (from, to, message) => {
    byName.get(to)?.deliver(from, message);
  });
  const nodes = Array.from({ length: scenario.gateways + (scenario.others ?? 0) }, (_, i) => {
    const node = createNode({
      ...{ name: `n${i + 1}`, timeline, random, rules, opened },
      flaws: variant.flaws ?? {},
      slowestWriteMs: scenario.slowestWriteMs ?? 150,
      slowestDiskMs: scenario.slowestDiskMs ?? 15,
      keepsDiskName: variant.keepsDiskName ?? false,
      send(from, to, message) {
        judge.said(from, message);
        network.send(from, to, message);
      },
    });
    byName.set(node.name, node);
    return node;
  });
  const gateways = nodes.slice(0, scenario.gateways);
  const firstSet: WitnessSet = {
    version: 1,
    members: nodes
      .slice(0, scenario.witnesses)
      .map((node) => node.witness())
      .sort(),
  };
  const reconciler = createReconciler({
    ...{ timeline, random, nodes, gateways, ips, firstSet },
    eager: scenario.hintEveryMs !== undefined,
  });
  const world: World = { timeline, random, network, nodes, gateways, reconciler, ips, scenario };

  reconciler.run();
  for (const node of nodes) timeline.after(random.between(0, 500), () => node.start());
  let steps = timeline.run(START_MS);
  disturb(world, START_MS + scenario.chaosMs);

  let samples = 0;
  let held = 0;
  const endOfChaos = START_MS + scenario.chaosMs;
  while (timeline.now() < endOfChaos && judge.violation() === null) {
    steps += timeline.run(timeline.now() + SAMPLE_MS);
    samples += ips.length;
    held += ips.filter((ip) => nodes.some((node) => node.isOpen(ip))).length;
  }
  network.setWeather(CALM);
  const end = endOfChaos + scenario.calmMs;
  while (timeline.now() < end && judge.violation() === null) steps += timeline.run(timeline.now() + 1000);
  return {
    steps,
    violation: judge.violation(),
    takeOvers: nodes.reduce((sum, node) => sum + node.takeOvers(), 0),
    parks: nodes.reduce((sum, node) => sum + node.parks(), 0),
    setVersion: Math.max(...nodes.map((node) => node.report()?.witnesses.version ?? 0)),
    unsettled: ips.filter((ip) => nodes.filter((node) => node.isOpen(ip)).length !== 1),
    availability: held / samples,
  };
}
