import { parseFlows } from "../../../nodeagent/kernel/flows.ts";
import { until } from "../../lab/until.ts";
import { convergeOn } from "../converge-on.ts";
import { type ClientEnds, countedSince, startClient, startCounting, startServer } from "../conversations.ts";
import { addPod, buildNetwork, sh } from "../network.ts";
import { PLAN } from "../plan.ts";
import { gateway, nodeState, pod, podClass, statelessly } from "../states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const PODS = [plan.pod(1, 5), plan.pod(2, 5)];
const FLOATING = plan.inNodeSubnet(100);

function stateOf(worker: 1 | 2, holder: 1 | 2) {
  const held = worker === holder ? [{ ip: FLOATING, id: 1 }] : [];
  const parts = { gateways: [gateway(1, holder, family)], classes: [podClass("a", [plan.outside, 1])], held };
  const state = nodeState(worker, { ...parts, pods: [pod(PODS[worker - 1] ?? "", "a")] }, [family]);
  return statelessly(state, [{ ip: FLOATING, id: 1 }]);
}

/** Who releases comes first, so nobody answers for a moment. */
async function holdOn(holder: 1 | 2): Promise<readonly string[]> {
  const releasing = holder === 1 ? 2 : 1;
  const reports = [await convergeOn(stateOf(releasing, holder), PODS), await convergeOn(stateOf(holder, holder), PODS)];
  return reports.flatMap(({ error, changes }) => [
    ...(error ?? []),
    ...changes.filter((change) => /reset|forgot|anew/.test(change)),
  ]);
}

await buildNetwork([family]);
for (const ip of PODS) await addPod(ip);
const server = await startServer();
await startCounting();
await holdOn(2);
const clients = await Promise.all(PODS.map((ip) => startClient(ip)));
const answers = () => Promise.all(clients.map((client) => client.ask()));
const bytes = (ends: readonly ClientEnds[]) => ends.flatMap(({ talk, download }) => [talk.bytes, download.bytes]);
const openEnds = (ends: readonly ClientEnds[]) =>
  ends.flatMap((each) => Object.values(each)).filter(({ end }) => end === "open").length;
/** Whether every connection carries bytes, that is, more of them than now. */
async function allFlow(): Promise<boolean> {
  const before = bytes(await answers());
  return until("bytes on every connection", async () =>
    bytes(await answers()).every((count, index) => count > (before[index] ?? 0) + 20),
  ).catch(() => false);
}
/** Entries of what is only passed on. */
const tracked = async () =>
  (await Promise.all(["worker1", "worker2"].map((node) => sh(node, `conntrack -L -f ipv${family}`))))
    .flatMap(parseFlows)
    .filter(({ source }) => source === FLOATING).length;

const steps: unknown[] = [];
for (const holder of [2, 1, 2] as const) {
  await countedSince(family);
  const changes = holder === 2 && steps.length === 0 ? [] : await holdOn(holder);
  const flow = await allFlow();
  const ends = Object.values(await server.ask());
  steps.push({
    ...{ changes, flow, open: openEnds(await answers()), entries: await tracked() },
    atServer: Object.fromEntries(
      Object.entries(Object.groupBy(ends, (end) => end)).map(([end, all]) => [end, all?.length]),
    ),
    sources: [...new Set(Object.keys(await countedSince(family)))].sort(),
  });
}
console.log(JSON.stringify(steps));
process.exit(0);
