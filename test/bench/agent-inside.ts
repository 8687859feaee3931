/**
 * Inside a private place, for agent.bench.ts: three agents that hold an address each by lease, on nodes of 250 pods. One of
 * them is started again and again; then all do nothing, and are watched.
 * Arguments: the package's `sallyport`, how often it is started, and how long they are watched. Prints figures as JSON.
 */
import { once } from "node:events";
import { readdir, readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { AgentOptions } from "../../nodeagent/main.ts";
import type { NodeReport } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { startCluster, WORKERS } from "../nodeagent/leasing/cluster.ts";
import { floating, nameOf, type Worker } from "../nodeagent/leasing/place.ts";
import type { Watched } from "./agent.bench.ts";

const [sallyport = "", starts = "5", idleSeconds = "60"] = process.argv.slice(2);
/** Of USER_HZ, what /proc counts CPU time in: 100 on every architecture Node runs on. */
const TICK_MS = 10;
const PODS = 250;
const RESTARTED: Worker = 1;
const SETTLE_MS = 15_000;

let options: AgentOptions | null = null;
const cluster = await startCluster(
  WORKERS.map((worker) => ({
    ip: floating(worker),
    id: worker,
    candidates: [worker, ...WORKERS.filter((other) => other !== worker)].map(nameOf),
    holder: null,
  })),
  { podsPerNode: PODS, command },
);
for (const worker of WORKERS) await cluster.settled(floating(worker));

function command(given: AgentOptions): readonly string[] {
  if (given.node === nameOf(RESTARTED)) options = given;
  const { caFile, certFile, keyFile } = given.tls;
  const flags = {
    ...{ node: given.node, server: given.server, "tls-ca": caFile, "tls-cert": certFile, "tls-key": keyFile },
    ...{ "state-file": given.stateFile, "cni-cache": given.cniCacheDirectory },
  };
  return [
    process.execPath,
    sallyport,
    "agent",
    ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]),
  ];
}

async function timeToReport(passes: (report: NodeReport) => boolean): Promise<number> {
  cluster.forget(RESTARTED);
  const startedMs = performance.now();
  cluster.start(RESTARTED);
  await until("convergence", () => {
    const report = cluster.reports.get(nameOf(RESTARTED));
    return report !== undefined && passes(report);
  });
  return performance.now() - startedMs;
}

const isConverged = ({ outcome, kernel, generation }: NodeReport): boolean =>
  outcome === "converged" && kernel.pods === PODS && generation > 0;

async function forgetEverything(): Promise<void> {
  await execa("nsenter", [`--net=/run/netns/${nameOf(RESTARTED)}`, process.execPath, sallyport, "uninstall"]);
  await rm(options?.stateFile ?? "", { force: true });
}

async function bareStartMs(): Promise<number> {
  const startedMs = performance.now();
  await execa(process.execPath, ["-e", ""]);
  return performance.now() - startedMs;
}

const firstMs: number[] = [];
const againMs: number[] = [];
const bareMs: number[] = [];
for (let round = 1; round <= Number(starts); round++) {
  await cluster.stop(RESTARTED);
  await forgetEverything();
  firstMs.push(await timeToReport(isConverged));
  await until("an address", () => cluster.reports.get(nameOf(RESTARTED))?.lease?.held.length !== undefined);
  await cluster.stop(RESTARTED);
  againMs.push(await timeToReport(isConverged));
  bareMs.push(await bareStartMs());
}

await delay(SETTLE_MS);
const before = await Promise.all(WORKERS.map(cpuOf));
const rssMiB: number[] = [];
for (let second = 0; second < Number(idleSeconds); second++) {
  await delay(1_000);
  rssMiB.push(...(await Promise.all(WORKERS.map((worker) => rss(cluster.agent(worker).child.pid)))));
}
const after = await Promise.all(WORKERS.map(cpuOf));
const share = (of: keyof Cpu) =>
  after.map((cpu, index) => (cpu[of] - (before[index]?.[of] ?? 0)) / (Number(idleSeconds) * 1_000));
const watched: Watched = {
  ...{ firstMs, againMs, bareMs, rssMiB, bareRssMiB: await bareRssMiB() },
  ...{ agentCpu: share("agentMs"), programsCpu: share("programsMs"), helpers: await helpersOf(RESTARTED) },
};
console.log(JSON.stringify(watched));
process.exit(0);

interface Cpu {
  readonly agentMs: number;
  /** Of all commands it ran, and of the programs that run beside it. */
  readonly programsMs: number;
}

/** User and system time, its own and that of children it has waited for (proc(5), stat 14 to 17). */
async function cpuOf(worker: Worker): Promise<Cpu> {
  const pid = cluster.agent(worker).child.pid ?? 0;
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = await ticksOf(pid);
  const running = await Promise.all((await childrenOf(pid)).map(ticksOf));
  const beside = running.reduce((sum, [childsUser = 0, childsSystem = 0]) => sum + childsUser + childsSystem, 0);
  return { agentMs: (user + system) * TICK_MS, programsMs: (childUser + childSystem + beside) * TICK_MS };
}

async function ticksOf(pid: number): Promise<readonly number[]> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return fields.slice(11, 15).map(Number);
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`);
  const lists = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/children`, "utf8")));
  return lists.flatMap((list) =>
    list
      .split(" ")
      .filter((child) => child !== "")
      .map(Number),
  );
}

async function rss(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** The programs it keeps running beside it, with what they weigh. */
async function helpersOf(worker: Worker): Promise<readonly string[]> {
  const pids = await childrenOf(cluster.agent(worker).child.pid ?? 0);
  return Promise.all(
    pids.map(async (pid) => {
      const words = (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
      return `${(await rss(pid)).toFixed(1)} MiB ${words.join(" ")}`;
    }),
  );
}

async function bareRssMiB(): Promise<number> {
  const bareNode = execa(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1e6)"], { reject: false });
  await once(bareNode.stdout, "data");
  await delay(1_000);
  const figure = await rss(bareNode.pid);
  bareNode.kill();
  return figure;
}
