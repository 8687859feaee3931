/**
 * Nodes with an agent each, as processes, an outside host, and the reconciler's end of the channel: what it says is
 * written by the test. To be used inside a private place.
 */
import { mkdtemp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { FAMILIES, familyOf } from "../../../nodeagent/addresses.ts";
import type { AgentOptions } from "../../../nodeagent/main.ts";
import type { GatewayMode, LeasedAddress, LeaseOrder, NodeReport, NodeState } from "../../../policies/nodestate.ts";
import { serveSignals } from "../../../reconciler/signal/server.ts";
import { openWitnessDesk } from "../../../reconciler/signal/witness.ts";
import { makeCertificates } from "../../lab/certificates.ts";
import { until } from "../../lab/until.ts";
import { PLAN } from "../plan.ts";
import { nodeState, pod, podClass, statelessly } from "../states.ts";
import { addCniEntry, addPods, buildPlace, CONTROL, nameOf, podAddress, type Sent, type Worker } from "./place.ts";
import { type AgentProcesses, agentProcesses } from "./processes.ts";

export const WORKERS: readonly Worker[] = [1, 2, 3];

const PORT = 7443;

export interface ClusterOptions {
  /** All of them are witnesses, unless `witnesses` names fewer. */
  readonly workers?: readonly Worker[];
  readonly witnesses?: readonly Worker[];
  /** Stateful unless said. Nodes have port blocks where it is said. */
  readonly gatewayMode?: GatewayMode;
  /** Those beyond the addresses are known to state and CNI cache only. */
  readonly podsPerNode?: number;
  /** What runs an agent with these options. */
  readonly command?: (options: AgentOptions) => readonly string[];
  /** The reconciler is a witness, too. */
  readonly reconciler?: true;
  /** Holds everything without a lease; absent: the lease is ordered at once. */
  readonly holder?: Worker;
  /** Done when hosts and network are there, and no agent runs yet. */
  readonly prepare?: () => Promise<unknown>;
}

export interface Cluster extends AgentProcesses {
  readonly reports: ReadonlyMap<string, NodeReport>;
  /** Its name as a witness. */
  witnessOf(worker: Worker): string;
  /** Nobody answers as the reconciler's witness, or again. */
  setAway(away: boolean): void;
  /** The reconciler starts anew, as a witness. Returns its new name. */
  restartReconciler(): string;
  /** As a reconciler that starts anew: nothing is known until it reports again. */
  forget(...workers: readonly Worker[]): void;
  /** Beside the agent's state file. */
  folderOf(worker: Worker): string;
  /** The address is held by this node, and no lease is ordered. */
  withoutLease(holder: Worker): void;
  /** Another order for everybody, made from the one before; `others` replaces what it says for that node from now on. */
  order(
    change: (address: LeasedAddress) => LeasedAddress,
    others?: (worker: Worker) => Partial<Pick<LeaseOrder, "witnesses" | "targetWitnesses">>,
  ): void;
  /** Who reported last that it answers for the address, of the agents that run. */
  holders(ip: string): readonly Worker[];
  /** Resolves with the holder when there is exactly one; `lost` cannot say that it is none any more. */
  settled(ip: string, lost?: Worker): Promise<Worker>;
  /** Who has held it, by the epochs in all reports; one that took it again is named once. */
  takenBy(ip: string): readonly string[];
}

/** The first order, or the first without a lease, has been sent when this resolves. */
export async function startCluster(
  initial: readonly LeasedAddress[],
  { workers = WORKERS, witnesses = workers, podsPerNode = 0, command, ...options }: ClusterOptions = {},
): Promise<Cluster> {
  const { holder, prepare, reconciler, gatewayMode } = options;
  const furtherPods = (worker: Worker): readonly string[] =>
    Array.from({ length: podsPerNode }, (_, index) => PLAN[4].pod(worker, index + 1)).slice(initial.length);
  const families = FAMILIES.filter((family) => family === 4 || initial.some(({ ip }) => familyOf(ip) === family));
  await buildPlace(workers, families);
  const folder = await mkdtemp("/run/leasing-");
  const folderOf = (worker: Worker) => join(folder, nameOf(worker));
  const certificates = await makeCertificates(join(folder, "tls"), CONTROL, workers.map(nameOf));
  for (const worker of workers) await addPods(worker, initial, join(folderOf(worker), "cni"));
  for (const worker of workers) {
    for (const ip of furtherPods(worker)) await addCniEntry(ip, join(folderOf(worker), "cni"));
  }
  await prepare?.();
  const reports = new Map<string, NodeReport>();
  const files = certificates("control");
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file, "utf8")));
  const takers = new Map(initial.map(({ ip }) => [ip, new Map<number, string>()]));
  function onReport(report: NodeReport): void {
    reports.set(report.node, report);
    for (const { ip, epoch } of report.lease?.held ?? []) takers.get(ip)?.set(epoch, report.node);
  }
  let desk = openWitnessDesk(() => performance.now());
  let isAway = false;
  const server = await serveSignals(
    {
      ...{ host: CONTROL, port: PORT, tls: { ca: ca ?? "", cert: cert ?? "", key: key ?? "" } },
      desk: { ask: (node, message) => (isAway ? "it is away" : desk.ask(node, message)) },
    },
    { onReport, onConnect: () => {}, onDisconnect: () => {} },
  );
  const agents = agentProcesses((worker) => {
    const { ca: caFile, cert: certFile, key: keyFile } = certificates(nameOf(worker));
    return {
      node: nameOf(worker),
      server: `https://${CONTROL}:${PORT}`,
      tls: { caFile, certFile, keyFile },
      stateFile: join(folderOf(worker), "state.json"),
      cniCacheDirectory: join(folderOf(worker), "cni"),
    };
  }, command);
  let generation = 1;
  let addresses = initial;
  let others: Parameters<Cluster["order"]>[1] = () => ({});
  const unleased = (worker: Worker): NodeState =>
    inMode(gatewayMode, stateOf(worker, workers, initial, furtherPods(worker)), workers);

  function publish(state: NodeState): void {
    server.publish({ generation, hash: `hash-${generation}`, state });
  }

  function identityOf(worker: Worker) {
    const identity = reports.get(nameOf(worker))?.identity;
    if (!identity?.underlayMac) throw new Error(`${nameOf(worker)} has not said who it is`);
    return { ...identity, underlayMac: identity.underlayMac };
  }

  const firstWitnesses = () => ({
    version: 1,
    members: [
      ...witnesses.map((worker) => identityOf(worker).witness),
      ...(reconciler === undefined ? [] : [desk.witness]),
    ].sort(),
  });

  function publishOrders(): void {
    generation += 1;
    for (const worker of workers) {
      publish({ ...unleased(worker), held: [], gateways: [], lease: { ...lease(), ...others?.(worker) } });
    }
  }

  let known: Pick<LeaseOrder, "gatewayMacs" | "witnesses" | "peers"> | null = null;
  function lease(): LeaseOrder {
    known ??= {
      gatewayMacs: workers.map((worker) => identityOf(worker).underlayMac),
      witnesses: firstWitnesses(),
      peers: workers.map((worker) => ({
        node: nameOf(worker),
        ip: PLAN[4].inNodeSubnet(worker),
        publicKey: identityOf(worker).publicKey,
      })),
    };
    return {
      ...{ addresses, targetWitnesses: null, ...known },
      nodes: workers.map(unleased).map(({ node, underlayIP, mac }) => ({ node, underlayIP, mac })),
      floatingIPs: initial.map(({ ip }) => ip),
    };
  }

  function withoutLease(by: Worker): void {
    generation += 1;
    const { node, underlayIP, mac } = unleased(by);
    const gateways = initial.map(({ id }) => ({ id, node, underlayIP, mac }));
    const held = initial.map(({ ip, id }) => ({ ip, id }));
    for (const worker of workers) publish({ ...unleased(worker), gateways, held: worker === by ? held : [] });
  }

  const holders = (ip: string): readonly Worker[] =>
    workers.filter(
      (worker) => agents.runs(worker) && reports.get(nameOf(worker))?.lease?.held.some((held) => held.ip === ip),
    );

  for (const worker of workers) agents.start(worker);
  await until("all connections", () => reports.size === workers.length);
  if (holder === undefined) for (const worker of workers) publish(unleased(worker));
  else withoutLease(holder);
  await until("all identities", () => [...reports.values()].every(({ identity }) => identity?.underlayMac));
  if (holder === undefined) publishOrders();

  return {
    ...agents,
    ...{ reports, folderOf, withoutLease, holders },
    witnessOf: (worker) => identityOf(worker).witness,
    setAway(away) {
      isAway = away;
    },
    restartReconciler() {
      desk = openWitnessDesk(() => performance.now());
      return desk.witness;
    },
    forget(...forgotten) {
      for (const worker of forgotten) reports.delete(nameOf(worker));
    },
    order(change, replaced) {
      addresses = addresses.map(change);
      others = replaced ?? others;
      publishOrders();
    },
    settled: (ip, lost) =>
      until(
        `one holder of ${ip}`,
        () => {
          const [holder, ...more] = holders(ip).filter((worker) => worker !== lost);
          return more.length === 0 ? holder : undefined;
        },
        { timeoutMs: 8_000 },
      ),
    takenBy(ip) {
      const inOrder = [...(takers.get(ip) ?? [])].sort(([a], [b]) => a - b).map(([, node]) => node);
      return inOrder.filter((node, index) => node !== inOrder[index - 1]);
    },
  };
}

function inMode(gatewayMode: GatewayMode | undefined, state: NodeState, workers: readonly Worker[]): NodeState {
  return gatewayMode === undefined ? state : { ...statelessly(state, [], workers), gatewayMode, lease: null };
}

/** Without a lease. */
function stateOf(
  worker: Worker,
  workers: readonly Worker[],
  sent: readonly Sent[],
  further: readonly string[],
): NodeState {
  const families = FAMILIES.filter((family) => family === 4 || sent.some(({ ip }) => familyOf(ip) === family));
  const classes = sent.map(({ ip, id }) => podClass(`policy-${id}`, [PLAN[familyOf(ip)].outside, id]));
  const pods = [
    ...sent.map((each) => pod(podAddress(worker, each), `policy-${each.id}`)),
    ...further.map((ip, index) => pod(ip, `policy-${sent[index % sent.length]?.id}`)),
  ];
  return {
    ...nodeState(1, { classes, pods }, families.length === 1 ? [4] : [4, 6]),
    node: nameOf(worker),
    underlayIP: PLAN[4].inNodeSubnet(worker),
    mac: `02:e9:00:00:00:0${worker}`,
    nodeIPs: workers.map((each) => PLAN[4].inNodeSubnet(each)),
  };
}
