import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { execa } from "execa";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { addPod, buildNetwork, openConnection, sh, startWitness } from "./network.ts";
import { PLAN, podHost } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass } from "./states.ts";

const both = (worker: number, number: number) => [PLAN[4].pod(worker, number), PLAN[6].pod(worker, number)] as const;
const SELECTED = both(1, 5);
const UNSELECTED = both(1, 6);
const ON_GATEWAY = both(2, 5);
const FRESH_PORT = 9;
const LASTING_PORT = 10;
/** In which the senders were certainly heard, also on a busy machine. */
const PACKETS = 200;

function stateOf(worker: 1 | 2, families: readonly [Family, ...Family[]]): NodeState {
  const rules = families.map((family) => [PLAN[family].outside, family === 4 ? 1 : 2] as const);
  const held = families.map((family) => ({ ip: PLAN[family].inNodeSubnet(100), id: family === 4 ? 1 : 2 }));
  const ips = (pods: readonly [string, string]) => pods.slice(0, families.length) as [string, ...string[]];
  const podOf = (pods: readonly [string, string], className: string | null) => {
    const [first, ...others] = ips(pods);
    return pod(first, className, ...others);
  };
  return nodeState(
    worker,
    {
      gateways: families.map((family) => gateway(family === 4 ? 1 : 2, 2)),
      classes: [podClass("web", ...rules)],
      held: worker === 2 ? held : [],
      pods: worker === 2 ? [podOf(ON_GATEWAY, "web")] : [podOf(SELECTED, "web"), podOf(UNSELECTED, null)],
    },
    families,
  );
}

async function converge(state: NodeState): Promise<NodeReport> {
  const attachments = [SELECTED, UNSELECTED, ON_GATEWAY].flat().map(attachment);
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const input = JSON.stringify({ state, attachments, interfaceName: null });
  const enter = [`--net=/run/netns/${state.node}`, process.execPath];
  return JSON.parse((await execa("nsenter", [...enter, script, input])).stdout) as NodeReport;
}

/** As an agent left them that knew IPv4 only. */
async function putOldTables(worker: 1 | 2): Promise<void> {
  const file = new URL(`ipv4-only/worker${worker}.nft`, import.meta.url).pathname;
  const tables = ["inet sallyport", "inet sallyport_guard", "netdev sallyport_gw"];
  await sh(`worker${worker}`, `${tables.map((table) => `nft delete table ${table}`).join("\n")}\nnft -f ${file}`);
}

/** A pod that sends every millisecond, to one port from a new source port each time, to another from one and the same. */
function startSender(podIP: string): ChildProcess {
  const code = `const { createSocket } = require("node:dgram");
    const targets = [["udp4", "${PLAN[4].witness}"], ["udp6", "${PLAN[6].witness}"]];
    const lasting = targets.map(([type]) => createSocket(type));
    setInterval(() => targets.forEach(([type, address], index) => {
      const fresh = createSocket(type);
      fresh.send("x", ${FRESH_PORT}, address, () => fresh.close());
      lasting[index].send("x", ${LASTING_PORT}, address);
    }), 1)`;
  return spawn("nsenter", [`--net=/run/netns/${podHost(podIP)}`, process.execPath, "-e", code], { stdio: "inherit" });
}

const WITNESS = `table inet witness {
  ${FAMILIES.map((family) => `set by${family} { typeof ${words(family)} saddr . udp dport; size 65535; flags dynamic; counter; }`).join("\n")}
  chain in { type filter hook prerouting priority -300;
    ${FAMILIES.map((family) => `${words(family)} daddr ${PLAN[family].witness} udp dport ${FRESH_PORT}-${LASTING_PORT} update @by${family} { ${words(family)} saddr . udp dport }`).join("\n")}
  }
}`;

function words(family: Family): string {
  return family === 4 ? "ip" : "ip6";
}

/** Packets by source address and destination port. */
async function heard(family: Family): Promise<Record<string, number>> {
  const listed = await sh("outside", `nft list set inet witness by${family}`);
  const entries = [...listed.matchAll(/([0-9a-f.:]+) \. (\d+) counter packets (\d+)/g)];
  return Object.fromEntries(entries.map(([, source, port, packets]) => [`${source} to ${port}`, Number(packets)]));
}

/** Everything that was heard since the witness stands, when both families were heard often enough from now on. */
async function heardOnwards(): Promise<Record<string, readonly string[]>> {
  const total = async (family: Family) => Object.values(await heard(family)).reduce((sum, packets) => sum + packets, 0);
  const before = await Promise.all(FAMILIES.map(total));
  for (;;) {
    const now = await Promise.all(FAMILIES.map(total));
    if (now.every((packets, index) => packets >= (before[index] ?? 0) + PACKETS)) break;
  }
  const sources = await Promise.all(FAMILIES.map(async (family) => Object.keys(await heard(family)).sort()));
  return { IPv4: sources[0] ?? [], IPv6: sources[1] ?? [] };
}

const steps: Record<string, unknown> = {};
await buildNetwork([4, 6]);
for (const ips of [SELECTED, UNSELECTED, ON_GATEWAY]) await addPod(...ips);
await startWitness();
await sh("outside", `nft '${WITNESS}'`);
for (const worker of [2, 1] as const) {
  await converge(stateOf(worker, [4]));
  await putOldTables(worker);
}

const connection = openConnection(SELECTED[0]);
steps.connectionBegins = await connection.next();
const sender = startSender(SELECTED[0]);
steps.old = await heardOnwards();
const reports = [await converge(stateOf(2, [4])), await converge(stateOf(1, [4]))];
steps.outcomes = reports.map(({ outcome }) => outcome);
steps.changes = reports.map(({ changes }) => changes);
steps.upgraded = await heardOnwards();
await converge(stateOf(2, [4, 6]));
await converge(stateOf(1, [4, 6]));
// Until now IPv6 was not declared.
await sh("outside", "nft flush set inet witness by6");
steps.dual = await heardOnwards();
steps.connectionGoesOn = await connection.next();
sender.kill();
await once(sender, "exit");
console.log(JSON.stringify(steps));
process.exit(0);
