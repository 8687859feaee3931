import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { NodeReport, Signal } from "../../policies/nodestate.ts";
import { serveSignals } from "../../reconciler/signal/server.ts";
import { makeCertificates } from "../lab/certificates.ts";
import { podMac } from "./plan.ts";
import { cniCacheEntry, gateway, nodeState, OUTSIDE, pod, podClass, signal } from "./states.ts";

const PORT = 7443;
const POD = "10.10.1.5";
const KEY = `${POD} . ${podMac(POD)}`;

const folder = await mkdtemp("/run/agent-");
const cniCacheDirectory = join(folder, "results");
const stateFile = join(folder, "state", "state.json");
await mkdir(cniCacheDirectory);
const certificates = await makeCertificates(join(folder, "tls"), "127.0.0.1", ["worker1", "worker2"]);
await execa("sh", [
  "-ec",
  `ip link add eth0 type veth peer name far; ip address add 192.168.1.1/24 dev eth0; ip link set eth0 up; ip link set far up
   echo 1 > /proc/sys/net/ipv4/ip_forward`,
]);

const state = nodeState(1, {
  gateways: [gateway(1, 2)],
  classes: [podClass("web", [OUTSIDE, 1])],
  pods: [pod(POD, "web")],
});

async function writeCniEntry(ip: string): Promise<void> {
  const { file, content } = cniCacheEntry(ip);
  await writeFile(join(folder, "entry"), content);
  await rename(join(folder, "entry"), join(cniCacheDirectory, file));
}

interface AgentProcess {
  readonly child: ChildProcess;
  readonly lines: Record<string, unknown>[];
}

function startAgent(as = "worker1"): AgentProcess {
  const files = certificates(as);
  const tls = { caFile: files.ca, certFile: files.cert, keyFile: files.key };
  const options = { node: "worker1", server: `https://127.0.0.1:${PORT}`, tls, stateFile, cniCacheDirectory };
  const script = new URL("run-agent.ts", import.meta.url).pathname;
  const child = spawn(process.execPath, [script, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
  const lines: Record<string, unknown>[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => lines.push(JSON.parse(line)));
  return { child, lines };
}

async function stop({ child }: AgentProcess): Promise<number | null> {
  child.kill("SIGTERM");
  const [code] = child.exitCode === null ? await once(child, "exit") : [child.exitCode];
  return code;
}

async function until<T>(what: string, look: () => T | undefined | false | Promise<T | undefined | false>): Promise<T> {
  const deadline = Date.now() + 8_000;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 3));
  }
}

const podsInKernel = async () =>
  (await execa("nft", ["list", "map", "inet", "sallyport", "pods"], { reject: false })).stdout;

const reports: NodeReport[] = [];
const connects: string[] = [];
async function startServer() {
  const files = certificates("control");
  const [ca, cert, key] = await Promise.all([files.ca, files.cert, files.key].map((file) => readFile(file, "utf8")));
  const events = {
    onReport: (report: NodeReport) => void reports.push(report),
    onConnect: (node: string) => void connects.push(node),
    onDisconnect: () => {},
  };
  const tls = { ca: ca ?? "", cert: cert ?? "", key: key ?? "" };
  return serveSignals({ host: "127.0.0.1", port: PORT, tls, desk: { ask: () => [] } }, events);
}
const reportWith = (what: string, test: (report: NodeReport) => boolean, from = 0) =>
  until(what, () => reports.slice(from).find(test));

const outcome: Record<string, unknown> = {};

let agent = startAgent();
await until("the first failed attempt", () => agent.lines.some(({ msg }) => String(msg).includes("trying again")));
let server = await startServer();
outcome.firstReport = await reportWith("a first report", () => true);
server.publish(signal(state, 7));
const converged = await reportWith("convergence", ({ generation }) => generation === 7);
outcome.converged = { outcome: converged.outcome, kernel: converged.kernel };

const writtenMs = performance.now();
await writeCniEntry(POD);
await until("the pod's element", async () => (await podsInKernel()).includes(KEY));
outcome.podInKernelMs = Math.round(performance.now() - writtenMs);
outcome.podKnown = (await reportWith("the pod", ({ kernel }) => kernel.pods === 1)).kernel;

const beforeVerify = reports.length;
await execa("nft", ["delete", "element", "inet", "sallyport", "pods", `{ ${KEY} }`]);
server.verify();
outcome.repair = (await reportWith("a repair", ({ changes }) => changes.length > 0, beforeVerify)).changes;

server.publish({ ...signal(state, 8), state: { ...state, underlayIP: "1.2.3.4; reboot" } } as Signal);
outcome.refused = await until("a refusal", () => agent.lines.find(({ msg }) => String(msg).includes("refused")));
server.verify();
outcome.lastGood = (await reportWith("a later report", () => true, reports.length)).generation;

await server.close();
server = await startServer();
const afterRestart = reports.length;
await reportWith("a report to the new server", () => true, afterRestart);
server.publish(signal({ ...state, pods: [] }, 9));
outcome.afterServerRestart = (
  await reportWith("generation 9", ({ generation }) => generation === 9, afterRestart)
).kernel;
server.publish(signal(state, 10));
await reportWith("generation 10", ({ generation, kernel }) => generation === 10 && kernel.pods === 1, afterRestart);
server.publish(signal({ ...state, pods: [] }, 9));
outcome.older = await until("an older signal to be ignored", () =>
  agent.lines.find(({ msg }) => String(msg).includes("older than the one in force")),
);
const status = await readFile(`/proc/${agent.child.pid}/status`, "utf8");
outcome.rssMB = Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024);

await until("the state file", async () => JSON.parse(await readFile(stateFile, "utf8")).generation === 10);
outcome.exitCode = await stop(agent);
outcome.rulesOutlive = (await podsInKernel()).includes(KEY);
await server.close();

await execa("nft", ["delete", "element", "inet", "sallyport", "pods", `{ ${KEY} }`]);
agent = startAgent();
await until("convergence without the reconciler", async () => (await podsInKernel()).includes(KEY));
await stop(agent);

await writeFile(stateFile, '{"generation": 1');
agent = startAgent();
outcome.corrupt = await until("a line about the file", () =>
  agent.lines.find(({ msg }) => String(msg).includes("state file")),
);
outcome.rulesStay = (await podsInKernel()).includes(KEY);
await stop(agent);

server = await startServer();
const strangerFrom = reports.length;
agent = startAgent("worker2");
outcome.stranger = await until("a refusal of the wrong node", () =>
  agent.lines.find(({ reason }) => String(reason).includes("403")),
);
outcome.strangerReports = reports.length - strangerFrom;
await stop(agent);
await rm(folder, { recursive: true });
console.log(JSON.stringify(outcome));
process.exit(0);
