/** The soak: gateways are lost, pods come and go, policies change, all at once, until so much has happened or something is wrong. */
import { setTimeout as delay } from "node:timers/promises";
import type { GatewayMode } from "../../policies/nodestate.ts";
import { createRandom, type Random } from "../sim/random.ts";
import { nextDeclaration } from "./churn.ts";
import { type Cluster, openCluster } from "./cluster.ts";
import { seesLeak, seesTwoHolders } from "./controls.ts";
import { wrongPings, wrongSources } from "./judge.ts";
import { keepLogs } from "./logs.ts";
import type { LossKind } from "./losses.ts";
import { CLASSES } from "./manifests.ts";
import type { Incarnation, Place } from "./pods.ts";
import { type Outage, strike } from "./strike.ts";
import { pingSources, sourcesByPort } from "./witness.ts";

export interface SoakOptions {
  readonly name: string;
  readonly mode: GatewayMode;
  readonly seed: number;
  /** In turns, in random order. */
  readonly kinds: readonly LossKind[];
  readonly losses: number;
  readonly podStarts: number;
  readonly churn: boolean;
  /** At the end it is shown that the witnesses see what they are there for. */
  readonly controls: boolean;
}

export interface SoakResult {
  readonly outages: readonly Outage[];
  /** Pods that started, without the probes. */
  readonly incarnations: readonly Incarnation[];
  readonly commits: number;
  readonly frames: number;
  /** The first that was wrong; null: nothing. */
  readonly wrong: string | null;
  /** Nobody interrupted it. */
  readonly complete: boolean;
}

const PLACES_PER_NODE = 2;
const JUDGE_EVERY_MS = 1_000;
/** About what one takes, so that pods start all the time. */
const LOSS_MS = 4_500;
const LIFE_LEAST_MS = 800;
/** What the API server tells of a pod, before its network exists or after. */
const KNOWN_BEFORE_MS = { least: -500, most: 300 };
const FORGOTTEN_AFTER_MS = 500;

/** Resolves when all is done, something is wrong, or the signal aborts; the lab is gone then. */
export async function soak(
  options: SoakOptions,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<SoakResult> {
  const stop = new AbortController();
  const stopped = AbortSignal.any([stop.signal, signal]);
  let wrong: string | null = null;
  const fail = (what: string): void => {
    wrong ??= what;
    stop.abort();
  };
  const cluster = await openCluster(options.name, options.mode, fail);
  const outages: Outage[] = [];
  let commits = 0;
  try {
    say("lab, witnesses and probes stand");
    const busy = new AbortController();
    const guarded = (work: Promise<void>) => work.catch((error: Error) => fail(error.message));
    const random = createRandom(options.seed);
    const [lossRandom, podRandom, churnRandom] = [random, random, random].map(({ next }) =>
      createRandom(next() * 2 ** 32),
    );
    const judging = guarded(judgeAgainAndAgain(cluster, AbortSignal.any([busy.signal, stopped])));
    const churning = options.churn
      ? guarded(
          churn(cluster, churnRandom as Random, AbortSignal.any([busy.signal, stopped]), () => {
            commits += 1;
          }),
        )
      : Promise.resolve();
    await Promise.all([
      guarded(
        loseGateways(cluster, options, lossRandom as Random, stopped, (outage) => {
          outages.push(outage);
          say(progress(options, outages, cluster, commits));
        }),
      ),
      guarded(startPods(cluster, options, podRandom as Random, stopped)),
    ]);
    busy.abort();
    await Promise.all([judging, churning]);
    if (wrong === null && !signal.aborted) await guarded(judge(cluster));
    const started = cluster.pods.incarnations.slice(cluster.probes.length);
    if (wrong === null && !signal.aborted && options.controls) {
      say("controls: a node that lets unknown pods pass, and two that answer for one address");
      await guarded(seesLeak(cluster));
      if (wrong === null) await guarded(seesTwoHolders(cluster));
    }
    return {
      outages,
      incarnations: started,
      commits,
      frames: cluster.frames(),
      wrong,
      complete: !signal.aborted,
    };
  } finally {
    if (wrong !== null) say(await keepLogs(cluster.lab));
    await cluster.lab.down();
  }
}

function progress(
  { losses, podStarts }: SoakOptions,
  outages: readonly Outage[],
  cluster: Cluster,
  commits: number,
): string {
  const { kind, node, icmpMs, tcpMs } = outages.at(-1) as Outage;
  const what = `${kind} ${node}: ICMP ${Math.round(icmpMs)} ms, TCP ${Math.round(tcpMs)} ms`;
  return `loss ${outages.length}/${losses} ${what} · pods ${startedPods(cluster)}/${podStarts} · commits ${commits} · frames ${cluster.frames()}`;
}

/** Without the probes. */
function startedPods({ pods, probes }: Cluster): number {
  return pods.incarnations.length - probes.length;
}

async function loseGateways(
  cluster: Cluster,
  options: SoakOptions,
  random: Random,
  stopped: AbortSignal,
  onOutage: (outage: Outage) => void,
): Promise<void> {
  let bag: LossKind[] = [];
  for (let count = 0; count < options.losses && !stopped.aborted; count++) {
    if (bag.length === 0) bag = [...options.kinds];
    const kind = random.pick(bag);
    bag.splice(bag.indexOf(kind), 1);
    onOutage(await strike(cluster, kind));
    await pause(random.between(300, 1_200), stopped);
  }
}

async function startPods(
  { lab, pods }: Cluster,
  { losses, podStarts }: SoakOptions,
  random: Random,
  stopped: AbortSignal,
): Promise<void> {
  const places = await Promise.all(
    lab.topology.nodes.flatMap((node, index) =>
      Array.from({ length: podStarts === 0 ? 0 : PLACES_PER_NODE }, (_, number) =>
        pods.addPlace(node, `pod-${index}-${number}`),
      ),
    ),
  );
  const lifeMs = Math.max(LIFE_LEAST_MS, (losses * LOSS_MS * places.length) / podStarts);
  let left = podStarts;
  async function fill(place: Place): Promise<void> {
    while (left > 0 && !stopped.aborted) {
      left -= 1;
      const knownMsBefore = random.between(KNOWN_BEFORE_MS.least, KNOWN_BEFORE_MS.most);
      const incarnation = await pods.start({ place, podClass: random.pick(CLASSES), knownMsBefore });
      await pause(random.between(LIFE_LEAST_MS, 2 * lifeMs), stopped);
      await pods.end(place, incarnation, random.between(0, FORGOTTEN_AFTER_MS));
    }
  }
  await Promise.all(places.map(fill));
}

async function churn(cluster: Cluster, random: Random, until: AbortSignal, onCommit: () => void): Promise<void> {
  while (!until.aborted) {
    await cluster.declare(nextDeclaration(cluster.history.last(), random));
    onCommit();
    await pause(random.between(200, 2_500), until);
  }
}

async function judgeAgainAndAgain(cluster: Cluster, until: AbortSignal): Promise<void> {
  while (!until.aborted) {
    await judge(cluster);
    await pause(JUDGE_EVERY_MS, until);
  }
}

/** @throws Error with the first packet that left with an address that was not its own */
async function judge({ lab, pods, history }: Cluster): Promise<void> {
  const [sources, pings] = await Promise.all([sourcesByPort(lab), pingSources(lab)]);
  const [first] = [...wrongSources(pods.incarnations, sources, history, performance.now()), ...wrongPings(pings)];
  if (first !== undefined) throw new Error(first);
}

/** Ends early when aborted. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal }).catch(() => {});
}
