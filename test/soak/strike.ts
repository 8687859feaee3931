/** One loss, from a cluster in which every probe is answered to one in which that is so again. */
import { until } from "../lab/until.ts";
import { type Cluster, isAnswered, type Probe } from "./cluster.ts";
import { LOSSES, type Loss, type LossKind } from "./losses.ts";
import { PROBED_IP } from "./manifests.ts";

/** What pods on the other nodes felt; of several the worst. */
export interface Outage {
  readonly kind: LossKind;
  readonly node: string;
  readonly icmpMs: number;
  readonly tcpMs: number;
  readonly broken: number;
}

const BACK_WITHIN_MS = 30_000;
/** An agent that starts anew on a busy machine. */
const HEALED_WITHIN_MS = 40_000;
const CALM_MS = 400;

export async function strike(cluster: Cluster, kind: LossKind): Promise<Outage> {
  const { lab, senders, probes } = cluster;
  const loss: Loss = LOSSES[kind];
  const node = senders.now(PROBED_IP);
  if (node === undefined) throw new Error(`nobody was heard under ${PROBED_IP}`);
  const others = probes.filter((probe) => probe.node !== node || kind === "blackout");
  const before = await Promise.all(others.map(({ pulse }) => pulse.ask({ mark: true })));
  await loss.strike(lab, node);
  if (loss.moves) {
    const moved = () => senders.now(PROBED_IP) !== node;
    await until(`another node to send under ${PROBED_IP} after ${node} was ${kind}`, moved, {
      timeoutMs: BACK_WITHIN_MS,
    });
  }
  await answered(others, `after ${node} was ${kind}`, BACK_WITHIN_MS);
  const after = await Promise.all(others.map(({ pulse }) => pulse.ask({})));
  await loss.heal(lab, node);
  await answered(probes, `after ${node} was ${kind} and healed`, HEALED_WITHIN_MS);
  return {
    kind,
    node,
    icmpMs: Math.max(...after.map(({ icmpGapMs }) => icmpGapMs)),
    tcpMs: Math.max(...after.map(({ tcpGapMs }) => tcpGapMs)),
    broken: after.reduce((sum, { broken }, index) => sum + broken - (before[index]?.broken ?? 0), 0),
  };
}

/** All of them, all the time, for a while. @throws Error that says which of them was not */
async function answered(probes: readonly Probe[], when: string, timeoutMs: number): Promise<void> {
  let sinceMs = Number.POSITIVE_INFINITY;
  const calm = async () => {
    const all = (await Promise.all(probes.map(isAnswered))).every(Boolean);
    sinceMs = all ? Math.min(sinceMs, performance.now()) : Number.POSITIVE_INFINITY;
    return performance.now() - sinceMs > CALM_MS;
  };
  try {
    await until(`every probe to be answered ${when}`, calm, { timeoutMs });
  } catch (cause) {
    const pulses = await Promise.all(probes.map(async ({ node, pulse }) => [node, await pulse.ask({})]));
    throw new Error(`${(cause as Error).message}: ${JSON.stringify(Object.fromEntries(pulses))}`, { cause });
  }
}
