/**
 * What leaves a node with the wrong address when somebody flushes the whole ruleset, until the agent has repaired it.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { execa } from "execa";
import { runLoop } from "../../nodeagent/agent.ts";
import type { converge } from "../../nodeagent/converge.ts";
import { openKernel } from "../../nodeagent/kernel/kernel.ts";
import { openShield } from "../../nodeagent/shield/shield.ts";
import { noteOwnWrites } from "../../nodeagent/watch/own-writes.ts";
import { watchForeignChanges } from "../../nodeagent/watch/watch.ts";
import type { NodeReport } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { countDatagrams, datagramsSeen, sendDatagrams, wrongSources } from "./datagrams.ts";
import { addPod, buildNetwork, sh } from "./network.ts";
import { noLeasing } from "./no-leasing.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass, signal } from "./states.ts";

const POD = "10.10.1.5";
const FLOATING = "192.168.1.100";
const selecting = { gateways: [gateway(1, 2)], classes: [podClass("web", [OUTSIDE, 1])] };
const source = nodeState(1, { ...selecting, pods: [pod(POD, "web")] });
const gatewayState = nodeState(2, { ...selecting, held: [{ ip: FLOATING, id: 1 }] });

/** The agent's loop in the network namespace of this process; prints a line for each report. */
async function runAgentHere(): Promise<void> {
  const ownWrites = noteOwnWrites({ ...openKernel(), announcer: { announce: async () => {} } }, () =>
    performance.now(),
  );
  const log = { info: () => {}, warn: () => {}, error: () => {} };
  const signalText = JSON.stringify(signal(source));
  await runLoop(
    {
      node: "worker1",
      interfaceName: null,
      kernel: ownWrites.kernel,
      cniCache: { read: async () => [attachment(POD)], watch: () => {} },
      stateFile: { read: async () => null, write: async () => {} },
      openChannel: (events) => ({
        run: (aborted) => {
          events.onSignal(signalText);
          return new Promise((resolve) => aborted.addEventListener("abort", () => resolve()));
        },
        report: () => console.log(JSON.stringify(events.latestReport())),
        askWitness: async () => [],
      }),
      watch: (onChange, aborted) => watchForeignChanges({ ownWrites, random: Math.random, log }, onChange, aborted),
      openLeasing: async () => noLeasing,
      shield:
        process.argv[3] === "shielded"
          ? openShield(ownWrites.kernel.nft, log)
          : { lower: async () => {}, raise: async () => {}, close: () => {} },
      random: Math.random,
      log,
    },
    new AbortController().signal,
  );
}

interface Agent {
  readonly child: ChildProcess;
  readonly reports: readonly NodeReport[];
}

async function startAgent(): Promise<Agent> {
  const script = new URL(import.meta.url).pathname;
  const child = spawn(
    "nsenter",
    ["--net=/run/netns/worker1", process.execPath, script, "agent", process.argv[2] ?? ""],
    {
      stdio: ["ignore", "pipe", "inherit"],
    },
  );
  const reports: NodeReport[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => reports.push(JSON.parse(line)));
  await until("convergence", () =>
    reports.some(({ generation, outcome }) => generation === 1 && outcome === "converged"),
  );
  return { child, reports };
}

const shieldStands = async () => (await sh("worker1", "nft list tables")).includes("sallyport_shield");

/** Others may not delete it; without its owner it goes, and comes again with the next pass; it ends with the agent. */
async function mistreatShield({ child }: Agent) {
  const foreignDelete = await sh("worker1", "nft delete table inet sallyport_shield 2>&1 || true");
  const owner = (await sh(null, "pgrep -f '^nft -i$'")).trim();
  process.kill(Number(owner), "SIGKILL");
  await until("the shield to go", async () => !(await shieldStands()));
  await sh("worker1", "ip rule delete preference 1000");
  const raisedAgain = await until("the shield", shieldStands);
  child.kill("SIGKILL");
  await until("the shield to go with its agent", async () => !(await shieldStands()));
  return { foreignDelete, raisedAgain, leftAfterStop: await sh("worker1", "nft list tables") };
}

interface Flush {
  /** Packets with another source than the floating IP, on the flow that existed, and on new ones. */
  readonly wrong: readonly [onFlow: number, onNewFlows: number];
  readonly right: number;
  readonly repairedAfterMs: number;
}

async function flushOnce(reports: readonly NodeReport[]): Promise<Flush> {
  await sh("worker1", "nft -f /run/cni.nft");
  await until("traffic", async () => ((await datagramsSeen()).get(`${FLOATING} 9002`) ?? 0) > 5);
  await datagramsSeen();
  const from = reports.length;
  const startedMs = performance.now();
  await sh("worker1", "nft flush ruleset");
  await until("a repair", () => reports.slice(from).some(({ changes }) => changes.length > 0), { intervalMs: 1 });
  const repairedAfterMs = Math.round(performance.now() - startedMs);
  const counts = await datagramsSeen();
  const right = (counts.get(`${FLOATING} 9001`) ?? 0) + (counts.get(`${FLOATING} 9002`) ?? 0);
  return { wrong: wrongSources(counts, FLOATING), right, repairedAfterMs };
}

if (process.argv[2] === "agent") await runAgentHere();
else {
  await buildNetwork();
  await addPod(POD);
  await countDatagrams();
  await sh(
    "worker1",
    "nft list table ip cni > /run/cni.nft; sed -i '1i table ip cni\\ndelete table ip cni' /run/cni.nft",
  );
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const input = { state: gatewayState, attachments: [], interfaceName: null } satisfies Parameters<typeof converge>[0];
  await execa("nsenter", ["--net=/run/netns/worker2", process.execPath, script, JSON.stringify(input)]);
  const agent = await startAgent();
  const { reports } = agent;
  await sendDatagrams(POD);
  const flushes: Flush[] = [];
  const times = Number(process.argv[3] ?? 3);
  for (let i = 0; i < times; i += 1) flushes.push(await flushOnce(reports));
  const shielded = process.argv[2] === "shielded" ? await mistreatShield(agent) : {};
  console.log(JSON.stringify({ flushes, ...shielded }));
  process.exit(0);
}
