import { execa } from "execa";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { addPod, buildNetwork, openConnection, seenFrom, sh, startWitness } from "./network.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass } from "./states.ts";

const SELECTED = "10.10.1.5";
const UNSELECTED = "10.10.1.6";
const UNKNOWN = "10.10.1.7";
const ON_GATEWAY = "10.10.2.5";

async function converge(state: NodeState, known: readonly string[]): Promise<NodeReport> {
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

const web = podClass("web", [OUTSIDE, 1]);
const selecting = {
  gateways: [gateway(1, 2)],
  classes: [web],
};
const source = nodeState(1, { ...selecting, pods: [pod(SELECTED, "web"), pod(UNSELECTED, null), pod(UNKNOWN, "web")] });
const gatewayNode = nodeState(2, {
  ...selecting,
  held: [{ ip: "192.168.1.100", id: 1 }],
  pods: [pod(ON_GATEWAY, "web")],
});
const knownOnSource = [SELECTED, UNSELECTED];

async function seen(...held: readonly string[]) {
  const [selected, unselected, unknown, onGateway] = await Promise.all(
    [SELECTED, UNSELECTED, UNKNOWN, ON_GATEWAY].map((ip) => seenFrom(ip, held.includes(ip))),
  );
  return { selected, unselected, unknown, onGateway };
}

const steps: Record<string, unknown> = {};
await buildNetwork();
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

steps.again = [(await converge(gatewayNode, [ON_GATEWAY])).changes, (await converge(source, knownOnSource)).changes];

await sh("worker1", "ip rule delete preference 1000");
steps.withoutRule = await seenFrom(SELECTED, true);
await sh("worker1", `nft delete element inet sallyport pods '{ ${SELECTED} . 02:aa:0a:0a:01:05 }'`);
steps.withoutElement = await seenFrom(SELECTED, true);
await sh("worker2", "ip address delete 192.168.1.100/32 dev eth0");
steps.repairs = [(await converge(gatewayNode, [ON_GATEWAY])).changes, (await converge(source, knownOnSource)).changes];
steps.repaired = await seen(UNKNOWN);

const both = podClass("web", [OUTSIDE, 1], ["203.0.113.0/24", 1]);
const edited = { ...source, classes: [both], destinations: [OUTSIDE, "203.0.113.0/24"], pods: [...source.pods] };
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
