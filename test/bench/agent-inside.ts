/**
 * Inside a private place, for agent.bench.ts: starts the agent on a node of 250 pods, and watches it do nothing.
 * Arguments: the package's `sallyport`, how often it is started, and how long it is watched. Prints figures as JSON.
 */
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import type { NodeReport } from "../../policies/nodestate.ts";
import { signal } from "../nodeagent/states.ts";
import { addUplink, openBenchNode, podIPs, stateWith, stop, writeCniEntry } from "./agent-node.ts";

const [sallyport = "", starts = "5", idleSeconds = "60"] = process.argv.slice(2);
/** Of USER_HZ, what /proc counts CPU time in: 100 on every architecture Node runs on. */
const TICK_MS = 10;

await addUplink();
const node = await openBenchNode();
const ips = podIPs();
await Promise.all(ips.map((ip) => writeCniEntry(node.cniCacheDirectory, ip)));
const state = stateWith(ips);

const convergedWith = (generation: number) => (report: NodeReport) =>
  report.generation === generation && report.outcome === "converged" && report.kernel.pods === ips.length;

async function start(generation: number): Promise<{ readonly agent: ChildProcess; readonly elapsedMs: number }> {
  const startedMs = performance.now();
  const converged = node.nextReport(convergedWith(generation));
  const agent = node.startAgent([process.execPath, sallyport]);
  await converged;
  return { agent, elapsedMs: performance.now() - startedMs };
}

async function forgetEverything(): Promise<void> {
  await execa(process.execPath, [sallyport, "uninstall"]);
  await rm(node.stateFile, { force: true });
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
  await forgetEverything();
  node.server.publish(signal(state, round));
  for (const figures of [firstMs, againMs]) {
    const { agent, elapsedMs } = await start(round);
    figures.push(elapsedMs);
    await stop(agent);
  }
  bareMs.push(await bareStartMs());
}

const { agent } = await start(Number(starts));
const rssMiB: number[] = [];
const cpuAtStart = await cpuMs(agent);
for (let second = 0; second < Number(idleSeconds); second++) {
  await delay(1_000);
  rssMiB.push(await rss(agent));
}
const idleCpuShare = ((await cpuMs(agent)) - cpuAtStart) / (Number(idleSeconds) * 1_000);
const children = await helpers(agent);
await stop(agent);
const bare = await bareRssMiB();
await forgetEverything();
console.log(JSON.stringify({ firstMs, againMs, bareMs, rssMiB, bareRssMiB: bare, idleCpuShare, children }));
process.exit(0);

async function rss({ pid }: Pick<ChildProcess, "pid">): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
}

/** Of the agent and of all commands it ran: user and system time, its own and its children's (proc(5), stat 14 to 17). */
async function cpuMs({ pid }: ChildProcess): Promise<number> {
  const fields = (await readFile(`/proc/${pid}/stat`, "utf8")).split(") ")[1]?.split(" ") ?? [];
  return fields.slice(11, 15).reduce((sum, ticks) => sum + Number(ticks) * TICK_MS, 0);
}

/** The programs it keeps running beside it, with what they weigh. */
async function helpers({ pid }: ChildProcess): Promise<readonly string[]> {
  const { stdout } = await execa("ps", ["-o", "rss=,args=", "--ppid", String(pid)], { reject: false });
  return stdout.split("\n").map((line) => line.trim());
}

async function bareRssMiB(): Promise<number> {
  const bareNode = execa(process.execPath, ["-e", "console.log(1); setInterval(() => {}, 1e6)"], { reject: false });
  await once(bareNode.stdout, "data");
  await delay(1_000);
  const figure = await rss(bareNode);
  bareNode.kill();
  return figure;
}
