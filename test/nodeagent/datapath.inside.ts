import { execa } from "execa";
import { setName } from "../../nodeagent/skeleton/words.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { addPod, buildNetwork, openConnection, seenFrom, sh, startWitness } from "./network.ts";
import { PLAN } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass, statelessly } from "./states.ts";
import { mtuLearnt, startMirror, transfers } from "./transfers.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const stateless = process.argv[3] === "stateless";
const plan = PLAN[family];
const SELECTED = plan.pod(1, 5);
const UNSELECTED = plan.pod(1, 6);
const UNKNOWN = plan.pod(1, 7);
const ON_GATEWAY = plan.pod(2, 5);
const FLOATING = plan.inNodeSubnet(100);
const OTHER_DESTINATION = family === 4 ? "203.0.113.0/24" : "2001:db8:203::/64";

async function converge(ordered: NodeState, known: readonly string[]): Promise<NodeReport> {
  const state = stateless ? statelessly(ordered, [{ ip: FLOATING, id: 1 }]) : ordered;
  const input = { state, attachments: known.map(attachment), interfaceName: null };
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const { stdout } = await execa("nsenter", [
    `--net=/run/netns/${state.node}`,
    process.execPath,
    script,
    JSON.stringify(input),
  ]);
  return JSON.parse(stdout) as NodeReport;
}

const web = podClass("web", [plan.outside, 1]);
const selecting = {
  gateways: [gateway(1, 2, family)],
  classes: [web],
};
const source = nodeState(
  1,
  { ...selecting, pods: [pod(SELECTED, "web"), pod(UNSELECTED, null), pod(UNKNOWN, "web")] },
  [family],
);
const gatewayNode = nodeState(2, { ...selecting, held: [{ ip: FLOATING, id: 1 }], pods: [pod(ON_GATEWAY, "web")] }, [
  family,
]);
const knownOnSource = [SELECTED, UNSELECTED];

async function seen(...held: readonly string[]) {
  const [selected, unselected, unknown, onGateway] = await Promise.all(
    [SELECTED, UNSELECTED, UNKNOWN, ON_GATEWAY].map((ip) => seenFrom(ip, held.includes(ip))),
  );
  return { selected, unselected, unknown, onGateway };
}

const steps: Record<string, unknown> = {};
await buildNetwork([family]);
for (const ip of [SELECTED, UNSELECTED, UNKNOWN, ON_GATEWAY]) await addPod(ip);
await startWitness();

steps.before = await seen();
steps.gatewayReport = await converge(gatewayNode, [ON_GATEWAY]);
steps.sourceReport = await converge(source, knownOnSource);
steps.with = await seen(UNKNOWN);
const selectedConnection = openConnection(SELECTED);
const unselectedConnection = openConnection(UNSELECTED);
const connections = async () => [await selectedConnection.next(), await unselectedConnection.next()];
steps.connectionsBegin = await connections();

await startMirror("outside");
steps.transfer = await transfers(SELECTED, plan.witness);
steps.mtu = await mtuLearnt(SELECTED, plan.witness, 1_490);

steps.again = [(await converge(gatewayNode, [ON_GATEWAY])).changes, (await converge(source, knownOnSource)).changes];

await sh("worker1", `ip -${family} rule delete preference 1000`);
steps.withoutRule = await seenFrom(SELECTED, true);
await sh(
  "worker1",
  `nft delete element inet sallyport ${setName("pods", family)} '{ ${SELECTED} . 02:aa:0a:0a:01:05 }'`,
);
steps.withoutElement = await seenFrom(SELECTED, true);
await sh("worker2", `ip address delete ${FLOATING}/${family === 4 ? 32 : 128} dev eth0`);
steps.repairs = [(await converge(gatewayNode, [ON_GATEWAY])).changes, (await converge(source, knownOnSource)).changes];
steps.repaired = await seen(UNKNOWN);

const both = podClass("web", [plan.outside, 1], [OTHER_DESTINATION, 1]);
const edited = { ...source, classes: [both], destinations: [plan.outside, OTHER_DESTINATION], pods: [...source.pods] };
edited.pods[1] = pod(UNSELECTED, "web");
steps.edit = (await converge(edited, knownOnSource)).changes;
steps.connectionsAfterEdit = await connections();
steps.selectedNow = await seenFrom(UNSELECTED);
await converge(source, knownOnSource);

await sh("worker1", "nft insert rule inet sallyport pre accept");
steps.foreignRule = await seenFrom(SELECTED);
steps.replacement = (await converge(source, knownOnSource)).changes;
steps.connectionsAfterReplacement = await connections();
steps.replaced = await seen(UNKNOWN);

const withoutGateway = { ...source, gateways: [] };
await converge(withoutGateway, knownOnSource);
steps.withoutGateway = await seen(SELECTED, UNKNOWN);

const nothing = { destinations: [], gateways: [], classes: [] };
const afterSource = { ...source, ...nothing, pods: source.pods.map((each) => ({ ...each, class: null })) };
const afterGateway = { ...gatewayNode, ...nothing, held: [], pods: [pod(ON_GATEWAY, null)] };
steps.afterReports = [await converge(afterSource, knownOnSource), await converge(afterGateway, [ON_GATEWAY])];
steps.after = await seen();
steps.connectionAfter = await selectedConnection.next();
console.log(JSON.stringify(steps));
process.exit(0);
