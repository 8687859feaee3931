/** The lab that the soak runs in, with everything that watches it. */
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GatewayMode } from "../../policies/nodestate.ts";
import { Workstation } from "../lab/demo/workstation.ts";
import { firstOutcome, Lab } from "../lab/lab.ts";
import { until } from "../lab/until.ts";
import { whileAgentsRun } from "./agents.ts";
import { createHistory, type History } from "./history.ts";
import { keepLogs } from "./logs.ts";
import { type Declaration, FIRST_DECLARATION, manifestsOf, PROBED, PROBED_IP } from "./manifests.ts";
import { type Asked, startAsked } from "./place.ts";
import { createPods, type Pods } from "./pods.ts";
import { capturePorts } from "./ports.ts";
import type { Pulse } from "./pulse.ts";
import { createSenders, type Frame, type Senders } from "./senders.ts";
import { startWitness } from "./witness.ts";

const NODES = 3;
/** Less than a pulse is silent before its first answer. */
const SOON_MS = 100;
const CONFIRMED_WITHIN_MS = 60_000;

export interface Probe {
  readonly node: string;
  readonly pulse: Asked<Pulse>;
}

export interface Cluster {
  readonly lab: Lab;
  readonly history: History;
  readonly pods: Pods;
  readonly senders: Senders;
  /** One pod of the probed class on every node. */
  readonly probes: readonly Probe[];
  frames(): number;
  /** From now on frames go there, and to nobody else. */
  onFrame(take: (frame: Frame) => void): void;
  /** Resolves when all nodes have confirmed it. */
  declare(declaration: Declaration): Promise<void>;
}

/**
 * Three nodes, each with a probe that is answered. The lab is the caller's to end.
 *
 * @param onWrong told of two nodes that send under one address
 */
export async function openCluster(name: string, mode: GatewayMode, onWrong: (what: string) => void): Promise<Cluster> {
  const lab = await startLab(name, mode);
  try {
    return await watchLab(lab, mode, onWrong);
  } catch (cause) {
    const logs = await keepLogs(lab);
    await lab.down();
    throw new Error(`${(cause as Error).message}; ${logs}`, { cause });
  }
}

async function startLab(name: string, mode: GatewayMode): Promise<Lab> {
  await using folder = await mkdtempDisposable(join(tmpdir(), "soak-"));
  for (const [file, text] of manifestsOf(FIRST_DECLARATION, mode)) await writeFile(join(folder.path, file), text);
  return await Lab.start(name, { nodes: NODES, manifests: folder.path }, () => {});
}

async function watchLab(lab: Lab, mode: GatewayMode, onWrong: (what: string) => void): Promise<Cluster> {
  const { outcome } = await whileAgentsRun(lab, firstOutcome(lab));
  if (outcome !== "applied") throw new Error(`the first commit is ${outcome}`);
  const history = createHistory(FIRST_DECLARATION);
  const senders = createSenders();
  let frames = 0;
  let take = (frame: Frame): void => {
    const wrong = senders.take(frame);
    if (wrong !== null) onWrong(wrong);
  };
  await capturePorts(lab, (frame) => {
    frames += 1;
    take(frame);
  });
  await startWitness(lab);
  const pods = createPods(lab);
  const probes = await Promise.all(
    lab.topology.nodes.map((node, index) => startProbe(lab, pods, node, `probe-${index}`)),
  );
  const station = await Workstation.clone(lab);
  return {
    ...{ lab, history, pods, senders, probes },
    frames: () => frames,
    onFrame(other) {
      take = other;
    },
    async declare(declaration) {
      for (const [file, text] of manifestsOf(declaration, mode)) station.write(file, text);
      const pushed = history.push(declaration, performance.now());
      const { commit } = await station.push("Declare something else");
      await confirmed(lab, commit);
      pushed.applied(performance.now());
    },
  };
}

async function startProbe(lab: Lab, pods: Pods, node: Lab["topology"]["nodes"][number], name: string): Promise<Probe> {
  const place = await pods.addPlace(node, name);
  const { port } = await pods.start({ place, podClass: PROBED, knownMsBefore: 0 });
  const pulse = startAsked<Pulse>(
    lab,
    name,
    new URL("./pulse.ts", import.meta.url),
    lab.topology.outside.ip,
    String(port),
  );
  await until(`an answer to the probe on ${node.name} through ${PROBED_IP}`, async () => {
    const { icmpSilentMs, tcpSilentMs } = await pulse.ask({});
    return icmpSilentMs < SOON_MS && tcpSilentMs < SOON_MS;
  });
  return { node: node.name, pulse };
}

async function confirmed(lab: Lab, commit: string): Promise<void> {
  await until(
    `commit ${commit} to be confirmed by all nodes`,
    async () => {
      const head = (await lab.reconcilerStatus())?.head;
      return head?.commit === commit && ["applied", "no-effect"].includes(head.outcome);
    },
    { timeoutMs: CONFIRMED_WITHIN_MS },
  );
}
