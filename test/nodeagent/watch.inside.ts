/** The agent's loop with the real kernel, and somebody who changes what is ours, or what is not. */
import { readdir, readFile } from "node:fs/promises";
import { runLoop } from "../../nodeagent/agent.ts";
import type { ChannelEvents } from "../../nodeagent/channel/channel.ts";
import { openKernel } from "../../nodeagent/kernel/kernel.ts";
import { noteOwnWrites } from "../../nodeagent/watch/own-writes.ts";
import { watchForeignChanges } from "../../nodeagent/watch/watch.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { sh } from "./network.ts";
import { noLeasing } from "./no-leasing.ts";
import { podMac } from "./plan.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass, signal } from "./states.ts";

const POD = "10.10.1.5";
const ELEMENT = `${POD} . ${podMac(POD)}`;

const state = nodeState(1, {
  held: [{ ip: "192.168.1.100", id: 2 }],
  gateways: [gateway(1, 2), gateway(2, 1)],
  classes: [podClass("web", [OUTSIDE, 1])],
  pods: [pod(POD, "web")],
});

await sh(
  null,
  `ip link add eth0 type veth peer name far; ip address add 192.168.1.1/24 dev eth0; ip link set eth0 up; ip link set far up
   echo 1 > /proc/sys/net/ipv4/ip_forward`,
);

const ownWrites = noteOwnWrites({ ...openKernel(), announcer: { announce: async () => {} } }, () => performance.now());
let looks = 0;
const { kernel } = ownWrites;
const countingKernel = { ...kernel, sysctl: kernel.sysctl, nft: { ...kernel.nft, list: countLooks(kernel.nft.list) } };

function countLooks(list: typeof kernel.nft.list): typeof kernel.nft.list {
  return (table) => {
    if (table.name === "sallyport") looks += 1;
    return list(table);
  };
}

const reports: NodeReport[] = [];
const logged: string[] = [];
const note = (_fields: object, message: string) => void logged.push(message);
const log = { info: note, warn: note, error: note };
let events: ChannelEvents | undefined;
let generation = 0;
const stopped = new AbortController();

const loop = runLoop(
  {
    node: "worker1",
    interfaceName: null,
    kernel: countingKernel,
    cniCache: { read: async () => [attachment(POD)], watch: () => {} },
    stateFile: { read: async () => null, write: async () => {} },
    openChannel: (given) => {
      events = given;
      return {
        run: (aborted) => new Promise((resolve) => aborted.addEventListener("abort", () => resolve())),
        report: () => void reports.push(given.latestReport()),
        askWitness: async () => [],
      };
    },
    watch: (onChange, aborted) => watchForeignChanges({ ownWrites, random: Math.random, log }, onChange, aborted),
    openLeasing: async () => noLeasing,
    shield: { lower: async () => {}, raise: async () => {}, close: () => {} },
    random: Math.random,
    log,
  },
  stopped.signal,
);

async function publish(next: NodeState): Promise<void> {
  generation += 1;
  events?.onSignal(JSON.stringify(signal(next, generation)));
  await until(
    "convergence",
    () => reports.at(-1)?.generation === generation && reports.at(-1)?.outcome === "converged",
  );
}

const SETTLED_MS = 300;

/** Nothing is being done any more. */
async function settled(): Promise<void> {
  let seen = { looks, atMs: performance.now() };
  await until("rest", () => {
    if (seen.looks !== looks) seen = { looks, atMs: performance.now() };
    return performance.now() - seen.atMs > SETTLED_MS;
  });
}

/** What the next report with changes says, and how long after the harm it came. */
async function repairOf(harm: string) {
  await settled();
  const from = reports.length;
  const startedMs = performance.now();
  await sh(null, harm);
  const report = await until(`a repair of: ${harm}`, () =>
    reports.slice(from).find(({ changes, outcome }) => changes.length > 0 && outcome === "converged"),
  );
  return { changes: report.changes, afterMs: Math.round(performance.now() - startedMs) };
}

async function children(): Promise<
  readonly { readonly pid: number; readonly command: string; readonly rssMB: number }[]
> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const all = await Promise.all(
    pids.map(async (pid) => {
      const status = await readFile(`/proc/${pid}/status`, "utf8").catch(() => "");
      const command = (await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")).split("\0").join(" ").trim();
      const rssMB = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
      return { pid: Number(pid), command, rssMB: Math.round(rssMB * 10) / 10 };
    }),
  );
  return all.filter(({ command }) => /^\S+ monitor/.test(command));
}

await until("monitors", async () => (await children()).length === 2);
await publish(state);

const harms: Readonly<Record<string, string>> = {
  element: `nft delete element inet sallyport pods '{ ${ELEMENT} }'`,
  ruleset: "nft flush chain inet sallyport classify",
  rule: "nft insert rule inet sallyport pre accept",
  guard: "nft delete table inet sallyport_guard",
  gateways: "nft flush map netdev sallyport_gw gateways",
  everything: "nft flush ruleset",
  address: "ip address delete 192.168.1.100/32 dev eth0",
  route: "ip route flush table 7790",
  routingRule: "ip rule delete preference 1000",
  neighbour: "ip neighbour delete 169.254.77.1 dev egvx",
  forwarding: "bridge fdb delete 02:e9:00:00:00:02 dev egvx dst 192.168.1.2 self",
  device: "ip link delete egvx",
  down: "ip link set egvx down",
  reversePathFilter: "echo 1 > /proc/sys/net/ipv4/conf/egvx/rp_filter",
};
const repairs: Record<string, unknown> = {};
for (const [what, harm] of Object.entries(harms)) repairs[what] = await repairOf(harm);

/** How often our main table was read meanwhile; a pass reads it once or twice, and one pass may be the clock's. */
async function looksDuring(work: () => Promise<unknown>): Promise<number> {
  await settled();
  const before = looks;
  await work();
  await settled();
  return looks - before;
}

const quiet = await looksDuring(() =>
  sh(
    null,
    `nft 'add table inet other; add set inet other s { typeof ip saddr; }; add table inet sallyports'
     i=0; while [ $i -lt 40 ]; do i=$((i+1))
       nft add element inet other s "{ 10.0.0.$i }"; ip address add 10.9.0.$i/32 dev eth0; ip route add 10.8.0.$i/32 dev eth0
     done; nft delete table inet other`,
  ),
);
const own = await looksDuring(() => publish({ ...state, held: [], gateways: [gateway(1, 2), gateway(2, 2)] }));
const storm = await looksDuring(() =>
  sh(null, `i=0; while [ $i -lt 40 ]; do i=$((i+1)); nft add counter inet sallyport_guard c$i; done`),
);

const before = await children();
for (const { pid } of before) process.kill(pid, "SIGKILL");
await until(
  "monitors again",
  async () => (await children()).filter(({ pid }) => before.every((old) => old.pid !== pid)).length === 2,
);
const afterRestart = await repairOf("ip rule delete preference 1000");

stopped.abort();
await loop;
console.log(
  JSON.stringify({
    repairs,
    looks: { quiet, own, storm },
    monitors: before.map(({ command, rssMB }) => ({ command, rssMB })),
    logged: logged.filter((line) => line.includes("foreign changes")).length,
    afterRestart,
    left: (await children()).length,
  }),
);
process.exit(0);
