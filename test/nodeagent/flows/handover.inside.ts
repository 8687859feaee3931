import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { execa } from "execa";
import type { HandedFlows } from "../../../nodeagent/flows/messages.ts";
import type { NodeState } from "../../../policies/nodestate.ts";
import { until } from "../../lab/until.ts";
import { addPod, buildNetwork, sh } from "../network.ts";
import { PLAN, podHost } from "../plan.ts";
import { attachment, gateway, nodeState, pod, podClass } from "../states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const POD = plan.pod(1, 5);
const FLOATING = plan.inNodeSubnet(100);
const BLOCKS = { 1: { firstPort: 20_480, ports: 256 }, 2: { firstPort: 20_736, ports: 256 } } as const;
const source = (worker: 1 | 2) => {
  const { node, underlayIP, mac } = gateway(1, worker, family);
  return { node, underlayIP, mac, block: BLOCKS[worker] };
};

const selecting = { gateways: [gateway(1, 2, family)], classes: [podClass("web", [plan.outside, 1])] };
const states = {
  1: nodeState(1, { ...selecting, portBlock: BLOCKS[1], pods: [pod(POD, "web")] }, [family]),
  2: nodeState(
    2,
    { ...selecting, classes: [], held: [{ ip: FLOATING, id: 1 }], portBlock: BLOCKS[2], sourceNodes: [source(1)] },
    [family],
  ),
} as const;

async function inNode(worker: 1 | 2, script: string, input: unknown): Promise<string> {
  const path = new URL(script, import.meta.url).pathname;
  const args = [`--net=/run/netns/worker${worker}`, process.execPath, path, JSON.stringify(input)];
  return (await execa("nsenter", args)).stdout;
}

async function converge(state: NodeState, ...pods: readonly string[]): Promise<void> {
  const worker = state.node === "worker1" ? 1 : 2;
  await inNode(worker, "../converge-here.ts", { state, attachments: pods.map(attachment), interfaceName: null });
}

/** Servers that alone speak, every 50 ms, once a client has said a word; they say which source they see. */
async function startServers(): Promise<void> {
  const program = `const seen = (a, p) => a.replace("::ffff:", "") + " " + p + "\\n";
    require("node:net").createServer((s) => { s.on("error", () => {}); s.once("data", () =>
      setInterval(() => s.write(seen(s.remoteAddress, s.remotePort)), 50)); }).listen(8080, () => {
      const udp = require("node:dgram").createSocket("udp${family}");
      udp.on("message", (_, { address, port }) => setInterval(() => udp.send(seen(address, port), port, address), 50));
      udp.bind(8080, "${plan.witness}", () => console.log("listening")); });`;
  const child = spawn("nsenter", ["--net=/run/netns/outside", process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
}

/** What the pod hears, newest last. */
function listen(protocol: "tcp" | "udp"): string[] {
  const heard: string[] = [];
  const program = {
    tcp: `const s = require("node:net").connect(8080, "${plan.witness}", () => s.write("?")); s.on("error", () => {}).pipe(process.stdout);`,
    udp: `const s = require("node:dgram").createSocket("udp${family}"); s.on("message", (m) => process.stdout.write(m)); s.send("?", 8080, "${plan.witness}");`,
  }[protocol];
  const child = spawn("nsenter", [`--net=/run/netns/${podHost(POD)}`, process.execPath, "-e", program], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  createInterface({ input: child.stdout }).on("line", (line) => heard.push(line));
  return heard;
}

await buildNetwork([family]);
await addPod(POD);
await startServers();
await sh(
  "outside",
  `nft 'add table inet sent; add counter inet sent datagrams; add chain inet sent out { type filter hook output priority 0; }
        add rule inet sent out udp sport 8080 counter name datagrams'`,
);
await converge(states[2]);
await converge(states[1], POD);

const heard = { tcp: listen("tcp"), udp: listen("udp") };
const all = () => Object.values(heard);
await until("both to be answered", () => all().every((lines) => lines.length > 2));
const seen = Object.fromEntries(Object.entries(heard).map(([protocol, lines]) => [protocol, lines.at(-1)]));

const handed = await inNode(1, "connections-here.inside.ts", {
  state: states[1],
  from: null,
  message: { type: "flows", id: 1, batch: 1, flows: [] } satisfies HandedFlows,
});
await sh("worker2", "conntrack -F 2>&1");
const before = all().map((lines) => lines.length);
const sentBefore = await sent();
await until("the servers to have sent for a while", async () => (await sent()) > sentBefore + 20);
const lost = all().every((lines, i) => lines.length <= (before[i] ?? 0) + 2);

await inNode(2, "connections-here.inside.ts", {
  state: states[2],
  from: "worker1",
  message: JSON.parse(handed) as HandedFlows,
});
const counts = all().map((lines) => lines.length);
await until("both to hear their server again", () => all().every((lines, i) => lines.length > (counts[i] ?? 0) + 3));
const after = Object.fromEntries(Object.entries(heard).map(([protocol, lines]) => [protocol, lines.at(-1)]));
const pair = { source: FLOATING, first: BLOCKS[1].firstPort, most: BLOCKS[1].firstPort + BLOCKS[1].ports };
console.log(JSON.stringify({ seen, lost, after, pair, handed: (JSON.parse(handed) as HandedFlows).flows.length }));
process.exit(0);

/** Datagrams of the server so far. */
async function sent(): Promise<number> {
  const listed = await sh("outside", "nft list counter inet sent datagrams");
  return Number(/packets (\d+)/.exec(listed)?.[1]);
}
