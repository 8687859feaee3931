/** One loss, from a cluster in which every probe is answered to one in which that is so again. */
import { until } from "../lab/until.ts";
import { agentsRun } from "./agents.ts";
import type { Cluster, Probe } from "./cluster.ts";
import { LOSSES, type Loss, type LossKind } from "./losses.ts";
import { PROBED_IP } from "./manifests.ts";
import type { Pulse } from "./pulse.ts";

/** What pods on the other nodes felt; of several the worst. */
export interface Outage {
  readonly kind: LossKind;
  readonly node: string;
  readonly icmpMs: number;
  readonly tcpMs: number;
  /** Connections that ended although nobody ended them. */
  readonly broken: number;
  /** Connections that were given up, since they had not gone on when everything else had for long. */
  readonly stalled: number;
}

const BACK_WITHIN_MS = 30_000;
/** Retransmissions are further and further apart: after an outage of a second the next one may be another second away. */
const GOES_ON_WITHIN_MS = 10_000;
/** An agent that starts anew on a busy machine. */
const HEALED_WITHIN_MS = 40_000;

export async function strike(cluster: Cluster, kind: LossKind): Promise<Outage> {
  const { lab, senders, probes } = cluster;
  const loss: Loss = LOSSES[kind];
  const node = senders.now(PROBED_IP);
  if (node === undefined) throw new Error(`nobody was heard under ${PROBED_IP}`);
  const others = probes.filter((probe) => probe.node !== node || kind === "blackout");
  const before = await askAll(others, { mark: true });
  await loss.strike(lab, node);
  if (loss.moves) {
    const moved = () => senders.now(PROBED_IP) !== node;
    await until(`another node to send under ${PROBED_IP} after ${node} was ${kind}`, moved, {
      timeoutMs: BACK_WITHIN_MS,
    });
  }
  if (kind === "blackout" || kind === "restart") await agentsRun(lab);
  await answered(others, "icmp", `after ${node} was ${kind}`, BACK_WITHIN_MS);
  const stalled = await giveUpStalled(others);
  const after = await askAll(others, {});
  await loss.heal(lab, node);
  await agentsRun(lab);
  await answered(probes, "icmp", `after ${node} was ${kind} and healed`, HEALED_WITHIN_MS);
  // The connections of the lost node's own pods may wait for their next retransmission for long.
  await giveUpStalled(probes);
  await answered(probes, "tcp", `after ${node} was ${kind} and healed`, HEALED_WITHIN_MS);
  return {
    kind,
    node,
    icmpMs: Math.max(...after.map(({ icmpGapMs }) => icmpGapMs)),
    tcpMs: Math.max(...after.map(({ tcpGapMs }) => tcpGapMs)),
    broken: after.reduce((sum, { broken }, index) => sum + broken - (before[index]?.broken ?? 0), 0),
    stalled,
  };
}

/** @returns how many; each then has a new connection, and its gap is as long as it was waited for */
async function giveUpStalled(probes: readonly Probe[]): Promise<number> {
  try {
    await answered(probes, "tcp", "in time", GOES_ON_WITHIN_MS);
    return 0;
  } catch {
    const states = await Promise.all(
      probes.map(async (probe) => ({ probe, isAnswered: await isAnswered(probe, "tcp") })),
    );
    const stalled = states.filter((state) => !state.isAnswered).map(({ probe }) => probe);
    await askAll(stalled, { again: true });
    await answered(stalled, "tcp", "with a new connection", BACK_WITHIN_MS);
    return stalled.length;
  }
}

/** All of them, all the time, for a while. @throws Error that says which of them was not */
async function answered(probes: readonly Probe[], by: "icmp" | "tcp", when: string, timeoutMs: number): Promise<void> {
  let sinceMs = Number.POSITIVE_INFINITY;
  const calm = async () => {
    const all = (await Promise.all(probes.map((probe) => isAnswered(probe, by)))).every(Boolean);
    sinceMs = all ? Math.min(sinceMs, performance.now()) : Number.POSITIVE_INFINITY;
    return performance.now() - sinceMs > CALM_MS;
  };
  try {
    await until(`every probe to be answered by ${by} ${when}`, calm, { timeoutMs });
  } catch (cause) {
    const pulses = (await askAll(probes, {})).map((pulse, index) => [probes[index]?.node, pulse]);
    throw new Error(`${(cause as Error).message}: ${JSON.stringify(Object.fromEntries(pulses))}`, { cause });
  }
}

/** Longer than a busy machine takes its time. */
const LATELY_MS = 250;
const CALM_MS = 400;

async function isAnswered({ pulse }: Probe, by: "icmp" | "tcp"): Promise<boolean> {
  const { icmpSilentMs, tcpSilentMs } = await pulse.ask({});
  return (by === "icmp" ? icmpSilentMs : tcpSilentMs) < LATELY_MS;
}

function askAll(probes: readonly Probe[], question: object): Promise<readonly Pulse[]> {
  return Promise.all(probes.map(({ pulse }) => pulse.ask(question)));
}
