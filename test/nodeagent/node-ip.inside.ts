import type { ClassRule, NodeReport, NodeState } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { convergeOn } from "./converge-on.ts";
import { type ClientEnds, countedSince, startClient, startCounting, startServer } from "./conversations.ts";
import { addPod, buildNetwork, seenFrom, startWitness } from "./network.ts";
import { PLAN } from "./plan.ts";
import { gateway, nodeState, pod, statelessly } from "./states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const stateless = process.argv[3] === "stateless";
const plan = PLAN[family];
const PODS = [plan.pod(1, 5), plan.pod(2, 5)] as const;
const [FIRST, SECOND] = [plan.inNodeSubnet(100), plan.inNodeSubnet(101)];
const WITNESS = `${plan.witness}/${family === 4 ? 32 : 128}`;
const addresses = [
  { ip: FIRST, id: 1 },
  { ip: SECOND, id: 2 },
];

/** Ids that nobody holds are not among the gateways. */
function stateOf(worker: 1 | 2, held: readonly number[], rules: readonly ClassRule[]): NodeState {
  const parts = { gateways: held.map((id) => gateway(id, 2, family)), classes: [{ key: "a", rules }] };
  const onWorker2 = { held: addresses.filter(({ id }) => held.includes(id)) };
  const pods = [pod(PODS[worker - 1] ?? "", "a")];
  const state = nodeState(worker, { ...parts, ...(worker === 2 ? onWorker2 : {}), pods }, [family]);
  return stateless ? statelessly(state, addresses) : state;
}

async function converge(held: readonly number[], ...rules: readonly ClassRule[]): Promise<readonly NodeReport[]> {
  return Promise.all(([1, 2] as const).map((worker) => convergeOn(stateOf(worker, held, rules), PODS)));
}

const rule = (cidr: string, id: number, nodeIP = false): ClassRule => ({
  ...{ cidr, id, policy: `policy-${id}` },
  ...(nodeIP ? { nodeIP: true } : {}),
});
const resets = (reports: readonly NodeReport[]) =>
  reports.flatMap(({ error, changes }) => [
    ...(error ?? []),
    ...changes.filter((change) => change.startsWith("reset")),
  ]);
const seen = () => Promise.all(PODS.map((ip) => seenFrom(ip)));

await buildNetwork([family]);
for (const ip of PODS) await addPod(ip);
await startWitness();
await startServer();
await startCounting();

async function startClients() {
  const clients = await Promise.all(PODS.map((ip) => startClient(ip)));
  const answers = () => Promise.all(clients.map((client) => client.ask()));
  const flowing = ({ talk, download }: ClientEnds) => talk.bytes > 50 && download.bytes > 50;
  await until("connections", async () => (await answers()).every(flowing));
  return {
    stop: () => clients.map((client) => client.stop()),
    ends: async () => (await answers()).map((each) => Object.values(each).map(({ end }) => end)),
    async flow() {
      const before = await answers();
      return until("more bytes", async () =>
        (await answers()).every((each, index) => {
          const former = before[index] as ClientEnds;
          return each.talk.bytes > former.talk.bytes + 20 && each.download.bytes > former.download.bytes + 20;
        }),
      ).catch(() => false);
    },
  };
}

const sources = async () => Object.keys(await countedSince(family)).sort();
const steps: Record<string, unknown> = {};
const one = rule(plan.outside, 1);
await converge([1], one);
steps.before = await seen();
const atGateway = await startClients();
steps.lost = resets(await converge([], { ...one, nodeIP: true }));
steps.ends = await atGateway.ends();
atGateway.stop();
steps.meanwhile = await seen();
const atNode = await startClients();
await countedSince(family);
await atNode.flow();
steps.sourcesMeanwhile = await sources();
steps.found = resets(await converge([1], one));
steps.flow = await atNode.flow();
await countedSince(family);
await atNode.flow();
// A connection has one address for life, and late packets of those that ended may come.
steps.datagramsAfter = (await sources()).filter((source) => !source.startsWith("tcp"));
steps.after = await seen();
atNode.stop();
await converge([1, 2], rule(WITNESS, 2, true), one);
steps.longerPrefix = await seen();
await converge([1, 2], rule(WITNESS, 2), { ...one, nodeIP: true });
steps.shorterPrefix = await seen();
console.log(JSON.stringify(steps));
process.exit(0);
