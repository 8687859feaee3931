/**
 * Inside a private place, for agent-pod.bench.ts: pods start on a node of 250, whose agent is a process of its own.
 * Arguments: the package's `sallyport`, how many starts, how many pods connect. Prints figures as JSON.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { addPod, buildNetwork, sh, startWitness } from "../nodeagent/network.ts";
import { PLAN, podHost, podMac } from "../nodeagent/plan.ts";
import { attachment, nodeState, signal } from "../nodeagent/states.ts";
import { openBenchNode, podIPs, stateWith, stop, writeCniEntry } from "./agent-node.ts";
import { watchPods } from "./kernel-events.ts";
import { timeUntil } from "./measure.ts";

const [sallyport = "", starts = "200", connects = "60"] = process.argv.slice(2);
const SERVER = "192.168.1.253";
/** Until the pass that the last pod caused is over; at random, so that no beat of ours meets one of the agent's. */
const pauseMs = () => 150 + Math.random() * 150;
/** A container runtime takes longer from the end of ADD to the first instruction of the pod's process. */
const PROCESS_STARTS_AFTER_MS = 30;
const BURSTS = 20;
const BURST_PODS = 10;

await buildNetwork();
await sh(null, `ip address add ${SERVER}/24 dev switch`);
await startWitness();
const node = await openBenchNode(SERVER);
const ips = podIPs();
const [starting, standing] = [ips.slice(0, Number(connects)), ips.slice(Number(connects))];
const state = stateWith(ips);
await convergeGateway();
await Promise.all(standing.map((ip) => writeCniEntry(node.cniCacheDirectory, ip)));
node.server.publish(signal(state, 1));
const converged = node.nextReport(({ kernel }) => kernel.pods === standing.length);
const agent = node.startAgent(["nsenter", "--net=/run/netns/worker1", process.execPath, sallyport]);
await converged;

await sh("worker1", "nft 'add table inet bare; add map inet bare pods { typeof ip saddr . ether saddr : meta mark; }'");
const events = await watchPods("worker1", ips[0] ?? "", bare);

const addToKernelMs: number[] = [];
const bareMs: number[] = [];
for (let round = 0; round < Number(starts); round++) {
  const ip = standing[round % standing.length] ?? "";
  await removePods([ip]);
  addToKernelMs.push(await timeUntil(events.next("add", "sallyport", ip), () => addToCache(ip)));
  await delay(pauseMs());
  bareMs.push(await timeUntil(events.next("add", "bare", ip), () => bare("add", ip)));
  await bare("delete", ip);
}

const burstMs: number[] = [];
for (let round = 0; round < BURSTS; round++) {
  const burst = standing.slice(0, BURST_PODS);
  await removePods(burst);
  const all = Promise.all(burst.map((ip) => events.next("add", "sallyport", ip)));
  burstMs.push(await timeUntil(all, () => Promise.all(burst.map(addToCache))));
  await delay(pauseMs());
}

const firstConnectMs: number[] = [];
const secondConnectMs: number[] = [];
const heldConnectMs: number[] = [];
for (const [index, ip] of starting.entries()) {
  await addPod(ip);
  const client = await startClient(ip);
  if (index % 10 === 9) {
    const connecting = client.connect();
    await delay(PROCESS_STARTS_AFTER_MS);
    await addToCache(ip);
    heldConnectMs.push(await connecting);
  } else {
    await addToCache(ip);
    await delay(PROCESS_STARTS_AFTER_MS);
    firstConnectMs.push(await client.connect());
    secondConnectMs.push(await client.connect());
  }
  client.end();
  await delay(pauseMs());
}
await stop(agent);
console.log(JSON.stringify({ addToKernelMs, bareMs, burstMs, firstConnectMs, secondConnectMs, heldConnectMs }));
process.exit(0);

/** The other node answers for all egress ids of this one. */
async function convergeGateway(): Promise<void> {
  const held = state.gateways.map(({ id }) => ({ ip: PLAN[4].inNodeSubnet(100 + id), id }));
  const gatewayState = nodeState(2, { held, gateways: state.gateways });
  const script = new URL("../nodeagent/converge-here.ts", import.meta.url).pathname;
  const input = JSON.stringify({ state: gatewayState, attachments: [], interfaceName: null });
  const { stdout } = await execa("nsenter", ["--net=/run/netns/worker2", process.execPath, script, input]);
  if (!stdout.includes('"converged"')) throw new Error(stdout);
}

function addToCache(ip: string): Promise<void> {
  return writeCniEntry(node.cniCacheDirectory, ip);
}

async function removePods(removed: readonly string[]): Promise<void> {
  const gone = removed.map((ip) => events.next("delete", "sallyport", ip));
  await Promise.all(removed.map((ip) => rm(join(node.cniCacheDirectory, `net-${attachment(ip).uid}-eth0`))));
  await Promise.all(gone);
  await delay(pauseMs());
}

function bare(verb: "add" | "delete", ip: string): Promise<unknown> {
  const element = `{ ${ip} . ${podMac(ip)}${verb === "add" ? " : 1" : ""} }`;
  const nft = ["nft", verb, "element", "inet", "bare", "pods", element];
  return execa("nsenter", ["--net=/run/netns/worker1", ...nft]);
}

/** A process in the pod that connects whenever it is told. It knows its next hop: it has spoken with the node's network. */
async function startClient(ip: string) {
  const script = `const { connect } = require("node:net");
    const time = (to, done) => {
      const at = performance.now();
      const socket = connect(8080, to, () => { done(performance.now() - at); socket.destroy(); }).on("error", () => {});
    };
    time("${PLAN[4].inNodeSubnet(254)}", () => time("${PLAN[4].inNodeSubnet(254)}", () => console.log("ready")));
    process.stdin.on("data", () => time("${PLAN[4].witness}", (ms) => console.log(ms)));`;
  const args = [`--net=/run/netns/${podHost(ip)}`, process.execPath, "-e", script];
  const child = spawn("nsenter", args, { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout });
  await once(lines, "line");
  return {
    async connect(): Promise<number> {
      const line = once(lines, "line");
      child.stdin.write("\n");
      return Number((await line)[0]);
    },
    end: () => child.kill(),
  };
}
