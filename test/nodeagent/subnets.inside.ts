import { execa } from "execa";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import type { NodeState } from "../../policies/nodestate.ts";
import { addHost, addPod, buildNetwork, seenFrom, sh, startWitness } from "./network.ts";
import { PLAN } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass, statelessly } from "./states.ts";

const underlay: Family = process.argv[2] === "6" ? 6 : 4;
const stateless = process.argv[3] === "stateless";
const other: Family = underlay === 4 ? 6 : 4;
const both = (worker: number, number: number) => [PLAN[4].pod(worker, number), PLAN[6].pod(worker, number)] as const;
const SELECTED = both(1, 5);
const ON_GATEWAY = both(2, 5);
/** Of the second subnet, where worker2 is. */
const SECOND = { 4: (number: number) => `192.168.2.${number}`, 6: (number: number) => `fd00:2::${number}` };

/** A router is the only way from node to node; each subnet has a leg of the outside host. */
async function moveToSecondSubnet(): Promise<void> {
  await addHost("router");
  await sh("router", "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  await sh("worker2", "ip address flush dev eth0 scope global");
  for (const family of FAMILIES) {
    const { inNodeSubnet, nodePrefixLength, nodeCIDR, podCIDROf } = PLAN[family];
    const secondCIDR = family === 4 ? "192.168.2.0/24" : "fd00:2::/64";
    const add = (ip: string) => `ip address add ${ip}/${nodePrefixLength} dev eth0`;
    await sh("router", `${add(inNodeSubnet(253))}; ${add(SECOND[family](253))}`);
    await sh(
      "router",
      `ip route add ${podCIDROf(1)} via ${inNodeSubnet(1)}; ip route add ${podCIDROf(2)} via ${SECOND[family](2)}`,
    );
    await sh("outside", add(SECOND[family](254)));
    await sh("worker2", `${add(SECOND[family](2))}; ip route replace default via ${SECOND[family](254)}`);
    for (const destination of [nodeCIDR, podCIDROf(1)]) {
      await sh("worker2", `ip route replace ${destination} via ${SECOND[family](253)}`);
    }
    for (const destination of [secondCIDR, podCIDROf(2)]) {
      await sh("worker1", `ip route replace ${destination} via ${inNodeSubnet(253)}`);
    }
  }
}

function stateOf(worker: 1 | 2): NodeState {
  const underlayIPs = [PLAN[underlay].inNodeSubnet(1), SECOND[underlay](2)];
  const atGateway = FAMILIES.map((family) => ({ ...gateway(family, 2), underlayIP: SECOND[underlay](2) }));
  const held = FAMILIES.map((family) => ({ ip: SECOND[family](100), id: family }));
  const state = nodeState(
    worker,
    {
      underlayIP: underlayIPs[worker - 1] ?? "",
      nodeIPs: underlayIPs,
      gateways: atGateway,
      classes: [podClass("web", ...FAMILIES.map((family) => [PLAN[family].outside, family] as const))],
      held: worker === 2 ? held : [],
      pods: worker === 1 ? [pod(SELECTED[0], "web", SELECTED[1])] : [pod(ON_GATEWAY[0], "web", ON_GATEWAY[1])],
    },
    [underlay, other],
  );
  if (!stateless) return state;
  const { sourceNodes, ...others } = statelessly(state, held);
  const inPlace = sourceNodes.map((node) =>
    node.node === "worker2" ? { ...node, underlayIP: SECOND[underlay](2) } : node,
  );
  return { ...others, sourceNodes: inPlace };
}

async function converge(state: NodeState): Promise<string> {
  const input = JSON.stringify({
    state,
    attachments: [...SELECTED, ...ON_GATEWAY].map(attachment),
    interfaceName: null,
  });
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const { stdout } = await execa("nsenter", [`--net=/run/netns/${state.node}`, process.execPath, script, input]);
  const { outcome, error } = JSON.parse(stdout) as { outcome: string; error?: string };
  return error ?? outcome;
}

const seen = async () => ({
  selected: await Promise.all(SELECTED.map((ip) => seenFrom(ip))),
  onGateway: await Promise.all(ON_GATEWAY.map((ip) => seenFrom(ip))),
});

await buildNetwork([4, 6]);
await moveToSecondSubnet();
for (const ips of [SELECTED, ON_GATEWAY]) await addPod(...ips);
await startWitness();
const before = await seen();
const outcomes = [await converge(stateOf(2)), await converge(stateOf(1))];
console.log(JSON.stringify({ before, outcomes, with: await seen() }));
process.exit(0);
