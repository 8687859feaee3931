import type { NodeReport, NodeState } from "../../../policies/nodestate.ts";
import { until } from "../../lab/until.ts";
import { convergeOn } from "../converge-on.ts";
import { type ClientEnds, countedSince, startClient, startCounting, startServer } from "../conversations.ts";
import { addPod, buildNetwork, seenFrom, startWitness } from "../network.ts";
import { PLAN } from "../plan.ts";
import { gateway, nodeState, pod, podClass, statelessly } from "../states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const PODS = [plan.pod(1, 5), plan.pod(2, 5)];
const FLOATING = plan.inNodeSubnet(100);
type Mode = NodeState["gatewayMode"];

function stateOf(worker: 1 | 2, mode: Mode): NodeState {
  const held = worker === 2 ? [{ ip: FLOATING, id: 1 }] : [];
  const parts = { gateways: [gateway(1, 2, family)], classes: [podClass("a", [plan.outside, 1])], held };
  const state = nodeState(worker, { ...parts, pods: [pod(PODS[worker - 1] ?? "", "a")] }, [family]);
  return mode === "stateless" ? statelessly(state, [{ ip: FLOATING, id: 1 }]) : state;
}

const converge = (worker: 1 | 2, mode: Mode): Promise<NodeReport> => convergeOn(stateOf(worker, mode), PODS);

await buildNetwork([family]);
for (const ip of PODS) await addPod(ip);
await startWitness();
await startServer();
await startCounting();

async function change(from: Mode, to: Mode, order: readonly (1 | 2)[]) {
  for (const worker of order) await converge(worker, from);
  const clients = await Promise.all(PODS.map((ip) => startClient(ip)));
  const answers = () => Promise.all(clients.map((client) => client.ask()));
  const flowing = ({ talk, download }: ClientEnds) => talk.bytes > 50 && download.bytes > 50;
  await until("connections", async () => (await answers()).every(flowing));
  await countedSince(family);
  const reports: NodeReport[] = [];
  const halfway: string[] = [];
  for (const worker of order) {
    reports.push(await converge(worker, to));
    if (reports.length === 1) for (const ip of PODS) halfway.push(await seenFrom(ip, true));
  }
  // Only with stateless gateways the silent ones are told, too.
  const told = ({ idle, talk, download }: ClientEnds) => (to === "stateless" ? [idle, talk, download] : [talk]);
  const ends = async () => (await answers()).flatMap(told).map(({ end }) => end);
  await until("the ends", async () => !(await ends()).includes("open")).catch(() => {});
  const during = Object.keys(await countedSince(family)).sort();
  const after = await Promise.all(PODS.map((ip) => seenFrom(ip)));
  await countedSince(family);
  const datagrams = new Set<string>();
  await until("datagrams", async () => {
    // Late packets of connections that ended may come, too.
    for (const source of Object.keys(await countedSince(family))) if (!source.startsWith("tcp")) datagrams.add(source);
    return ["answered", "oneWay"].every((kind) => [...datagrams].some((source) => source.startsWith(kind)));
  });
  const ended = await ends();
  for (const client of clients) client.stop();
  return {
    errors: reports.flatMap(({ error }) => error ?? []),
    halfway,
    ended,
    during,
    after,
    datagrams: [...datagrams].sort(),
  };
}

const outcome: Record<string, unknown> = {};
for (const order of [
  [1, 2],
  [2, 1],
] as const) {
  outcome[`stateless, worker${order[0]} first`] = await change("stateful", "stateless", order);
  outcome[`stateful, worker${order[0]} first`] = await change("stateless", "stateful", order);
}
console.log(JSON.stringify(outcome));
process.exit(0);
