/**
 * Three nodes with an agent each, as processes, an outside host, and the reconciler's end of the channel: what it says is
 * written by the test. To be used inside a private place.
 *
 *     192.168.1.100 (id 1) 192.168.1.101 (id 2) 192.168.1.102 (id 3)   each held by any of worker2, worker3, worker1
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, writeFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { createInterface } from "node:readline";
import type { AgentOptions } from "../../../nodeagent/main.ts";
import type { LeasedAddress, NodeReport, NodeState, Signal } from "../../../policies/nodestate.ts";
import { serveSignals } from "../../../reconciler/signal/server.ts";
import { makeCertificates } from "../../lab/certificates.ts";
import { until } from "../../lab/until.ts";
import { addHost, addPod, sh } from "../network.ts";
import { PLAN, podMac } from "../plan.ts";
import { nodeState, OUTSIDE, pod, podClass } from "../states.ts";

export const WORKERS = [1, 2, 3] as const;
export type Worker = (typeof WORKERS)[number];
export const nameOf = (worker: Worker): string => `worker${worker}`;

const CONTROL = PLAN[4].inNodeSubnet(252);
const PORT = 7443;

export const floating = (id: number): string => PLAN[4].inNodeSubnet(99 + id);
/** The pod on that worker sends through that egress id. */
const podAddress = (worker: Worker, id: number): string => PLAN[4].pod(worker, id);

async function buildNetwork(): Promise<void> {
  const plan = PLAN[4];
  await sh(null, `ip link add switch type bridge; ip address add ${CONTROL}/24 dev switch; ip link set switch up`);
  for (const host of [...WORKERS.map(nameOf), "outside"]) await addHost(host);
  await sh("outside", `ip address add ${plan.inNodeSubnet(254)}/24 dev eth0; ip address add ${plan.witness}/32 dev lo`);
  for (const worker of WORKERS) {
    const others = WORKERS.filter((other) => other !== worker);
    await sh(
      nameOf(worker),
      `ip address add ${plan.inNodeSubnet(worker)}/24 dev eth0
       ip route add default via ${plan.inNodeSubnet(254)}
       ${others.map((other) => `ip route add ${plan.podCIDROf(other)} via ${plan.inNodeSubnet(other)}`).join("\n")}
       cd /proc/sys/net/ipv4; echo 1 > ip_forward; echo 1 > conf/all/rp_filter; echo 1 > conf/default/rp_filter
       nft 'add table ip cni; add chain ip cni after { type nat hook postrouting priority srcnat; }'
       nft add rule ip cni after ip saddr ${plan.podCIDROf(worker)} ip daddr != ${plan.podCIDR} masquerade`,
    );
  }
}

interface AgentProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
}

export interface Cluster {
  readonly reports: Map<string, NodeReport>;
  /** Of an agent that runs, or ran last. */
  agent(worker: Worker): AgentProcess;
  start(worker: Worker): void;
  /** SIGTERM, and resolves with the exit code. */
  stop(worker: Worker): Promise<number | null>;
  kill(worker: Worker): Promise<void>;
  /** The address is held by this node, and no lease is ordered. */
  withoutLease(holder: Worker): void;
  /** Another order for everybody, made from the one before. */
  order(change: (address: LeasedAddress) => LeasedAddress): void;
  /** Who reported last that it answers for the address, of the agents that run. */
  holders(ip: string): readonly Worker[];
  /** Resolves with the holder when there is exactly one; `lost` cannot say that it is none any more. */
  settled(ip: string, lost?: Worker): Promise<Worker>;
  /** Who has held it, by the epochs in all reports; one that took it again is named once. */
  takenBy(ip: string): readonly string[];
}

export interface ClusterOptions {
  /** Without a lease; absent: the lease is ordered at once. */
  readonly holder?: Worker;
  /** Those that send through the first addresses have a network; the others are known to state and CNI cache only. */
  readonly podsPerNode?: number;
  /** What runs an agent with these options. */
  readonly command?: (options: AgentOptions) => readonly string[];
}

const SCRIPT = new URL(`../run-agent${extname(import.meta.url)}`, import.meta.url).pathname;

export async function startCluster(
  initial: readonly LeasedAddress[],
  {
    holder,
    podsPerNode = initial.length,
    command = (options) => [process.execPath, SCRIPT, JSON.stringify(options)],
  }: ClusterOptions = {},
): Promise<Cluster> {
  await buildNetwork();
  const podsOf = (worker: Worker) => Array.from({ length: podsPerNode }, (_, index) => podAddress(worker, index + 1));
  const stateOn = (worker: Worker) => stateOf(worker, initial, podsOf(worker));
  const folder = await mkdtemp("/run/leasing-");
  const certificates = await makeCertificates(join(folder, "tls"), CONTROL, WORKERS.map(nameOf));
  for (const worker of WORKERS) {
    await mkdir(join(folder, nameOf(worker), "cni"), { recursive: true });
    for (const { id } of initial) await addPod(podAddress(worker, id));
    for (const ip of podsOf(worker)) await writeCniEntry(join(folder, nameOf(worker), "cni"), ip);
  }
  const reports = new Map<string, NodeReport>();
  const files = certificates("control");
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file, "utf8")));
  const takers = new Map(initial.map(({ ip }) => [ip, new Map<number, string>()]));
  function onReport(report: NodeReport): void {
    reports.set(report.node, report);
    for (const { ip, epoch } of report.lease?.held ?? []) takers.get(ip)?.set(epoch, report.node);
  }
  const server = await serveSignals(
    { host: CONTROL, port: PORT, tls: { ca: ca ?? "", cert: cert ?? "", key: key ?? "" } },
    { onReport, onConnect: () => {}, onDisconnect: () => {} },
  );
  const agents = new Map<Worker, AgentProcess>();
  let generation = 1;
  let addresses = initial;

  function start(worker: Worker): void {
    const { ca: caFile, cert: certFile, key: keyFile } = certificates(nameOf(worker));
    const options = {
      node: nameOf(worker),
      server: `https://${CONTROL}:${PORT}`,
      tls: { caFile, certFile, keyFile },
      stateFile: join(folder, nameOf(worker), "state.json"),
      cniCacheDirectory: join(folder, nameOf(worker), "cni"),
    };
    const child = spawn("nsenter", [`--net=/run/netns/${nameOf(worker)}`, ...command(options)], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines: Record<string, unknown>[] = [];
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(JSON.parse(line));
      if (process.env.SHOW_LOG) console.error(line);
    });
    agents.set(worker, { child, lines });
  }

  function agent(worker: Worker): AgentProcess {
    const found = agents.get(worker);
    if (found === undefined) throw new Error(`no agent of ${nameOf(worker)} was started`);
    return found;
  }

  function publish(state: NodeState): void {
    const signal: Signal = { generation, hash: `hash-${generation}`, state };
    server.publish(signal);
  }

  function identityOf(worker: Worker) {
    const identity = reports.get(nameOf(worker))?.identity;
    if (!identity?.underlayMac) throw new Error(`${nameOf(worker)} has not said who it is`);
    return { ...identity, underlayMac: identity.underlayMac };
  }

  function publishOrders(): void {
    generation += 1;
    for (const worker of WORKERS) publish({ ...stateOn(worker), held: [], gateways: [], lease: lease() });
  }

  function lease(): NodeState["lease"] {
    return {
      addresses,
      nodes: WORKERS.map((worker) => {
        const { node, underlayIP, mac } = stateOn(worker);
        return { node, underlayIP, mac };
      }),
      floatingIPs: initial.map(({ ip }) => ip),
      gatewayMacs: WORKERS.map((worker) => identityOf(worker).underlayMac),
      witnesses: { version: 1, members: WORKERS.map((worker) => identityOf(worker).witness).sort() },
      targetWitnesses: null,
      peers: WORKERS.map((worker) => ({
        node: nameOf(worker),
        ip: PLAN[4].inNodeSubnet(worker),
        publicKey: identityOf(worker).publicKey,
      })),
    };
  }

  const holders = (ip: string): readonly Worker[] =>
    WORKERS.filter(
      (worker) =>
        agents.get(worker)?.child.exitCode === null &&
        agents.get(worker)?.child.signalCode === null &&
        reports.get(nameOf(worker))?.lease?.held.some((held) => held.ip === ip),
    );

  for (const worker of WORKERS) start(worker);
  await until("three connections", () => reports.size === WORKERS.length);
  if (holder === undefined) for (const worker of WORKERS) publish(stateOn(worker));
  else withoutLease(holder);
  await until("three identities", () => [...reports.values()].every(({ identity }) => identity?.underlayMac));
  if (holder === undefined) publishOrders();

  function withoutLease(by: Worker): void {
    generation += 1;
    const { node, underlayIP, mac } = stateOn(by);
    const gateways = initial.map(({ id }) => ({ id, node, underlayIP, mac }));
    const held = initial.map(({ ip, id }) => ({ ip, id }));
    for (const worker of WORKERS) {
      publish({ ...stateOn(worker), gateways, held: worker === by ? held : [] });
    }
  }

  return {
    reports,
    agent,
    start,
    withoutLease,
    async stop(worker) {
      const { child } = agent(worker);
      child.kill("SIGTERM");
      const [code] = await once(child, "exit");
      return code;
    },
    async kill(worker) {
      const { child } = agent(worker);
      child.kill("SIGKILL");
      await once(child, "exit");
    },
    order(change) {
      addresses = addresses.map(change);
      publishOrders();
    },
    holders,
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

/** Without a lease. */
function stateOf(worker: Worker, addresses: readonly LeasedAddress[], pods: readonly string[]): NodeState {
  const ids = addresses.map(({ id }) => id);
  return {
    ...nodeState(1, {
      classes: ids.map((id) => podClass(`policy-${id}`, [OUTSIDE, id])),
      pods: pods.map((ip, index) => pod(ip, `policy-${ids[index % ids.length]}`)),
    }),
    node: nameOf(worker),
    underlayIP: PLAN[4].inNodeSubnet(worker),
    mac: `02:e9:00:00:00:0${worker}`,
    nodeIPs: WORKERS.map((each) => PLAN[4].inNodeSubnet(each)),
  };
}

async function writeCniEntry(folder: string, ip: string): Promise<void> {
  const { namespace, name, uid } = pod(ip, null);
  const entry = {
    kind: "cniCacheV1",
    ifName: "eth0",
    cniArgs: [
      ["K8S_POD_NAMESPACE", namespace],
      ["K8S_POD_NAME", name],
      ["K8S_POD_UID", uid],
    ],
    result: {
      interfaces: [{ mac: podMac(ip), sandbox: "/run/netns/x" }],
      ips: [{ interface: 0, address: `${ip}/32` }],
    },
  };
  await writeFile(join(folder, `net-${name}-eth0`), JSON.stringify(entry));
}
