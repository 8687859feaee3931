import { execa } from "execa";
import { setName } from "../../nodeagent/skeleton/words.ts";
import { addPod, buildNetwork, sh } from "./network.ts";
import { PLAN, podHost } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass, statelessly } from "./states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const stateless = process.argv[3] === "stateless";
const plan = PLAN[family];
const [ip, width] = family === 4 ? ["ip", 32] : ["ip6", 128];
const ON_GATEWAY = plan.pod(2, 5);
const FLOATING = plan.inNodeSubnet(100);
/** Where a gateway expects pods' own addresses, or its own when they are translated already. */
const FORGED = stateless ? FLOATING : plan.pod(1, 99);
const UNSELECTED = plan.pod(1, 6);
const TARGET = plan.witness.replace(/10$/, "77");

const selecting = { gateways: [gateway(1, 2, family)], classes: [podClass("web", [plan.outside, 1])] };
const states = [
  nodeState(1, { ...selecting, pods: [pod(UNSELECTED, null)] }, [family]),
  nodeState(2, { ...selecting, held: [{ ip: FLOATING, id: 1 }], pods: [pod(ON_GATEWAY, "web")] }, [family]),
].map((state) => (stateless ? statelessly(state, [{ ip: FLOATING, id: 1 }]) : state));
const GATEWAY_MAC = selecting.gateways[0]?.mac;

/** A tunnel end of its own, with any egress id in its headers. */
async function buildForgery(host: string, local: string): Promise<void> {
  await sh(
    host,
    `ip link add forged mtu 1400 type vxlan id 77 local ${local} remote ${plan.inNodeSubnet(2)} dstport 4790 gbp
     ip link set forged up; ip address add ${FORGED}/${width} dev forged; ip route add ${TARGET} dev forged src ${FORGED}
     ip neighbour replace ${TARGET} lladdr ${GATEWAY_MAC} dev forged nud permanent
     nft 'add table inet forged
          add chain inet forged out { type filter hook output priority 0; }
          add rule inet forged out oifname forged meta mark set 1'`,
  );
}

async function buildWitness(): Promise<void> {
  await sh(
    "outside",
    `nft 'add table inet witness; add counter inet witness seen
          add chain inet witness in { type filter hook prerouting priority -300; }
          add rule inet witness in iifname eth0 ${ip} saddr ${FLOATING} ${ip} daddr ${TARGET} counter name seen'`,
  );
}

/** Whether a forged datagram left the gateway with the floating IP. */
async function passes(host: string): Promise<boolean> {
  await sh("outside", "nft reset counter inet witness seen");
  await execa("nsenter", [
    `--net=/run/netns/${host}`,
    "bash",
    "-c",
    `for i in 1 2 3; do echo x >/dev/udp/${TARGET}/9; done; ping -c 2 -i 0.2 -W 0.5 ${TARGET} || true`,
  ]);
  return !/packets 0 /.test(await sh("outside", "nft list counter inet witness seen"));
}

await buildNetwork([family]);
for (const each of [UNSELECTED, ON_GATEWAY]) await addPod(each);
const script = new URL("converge-here.ts", import.meta.url).pathname;
for (const state of states) {
  const input = JSON.stringify({ state, attachments: [UNSELECTED, ON_GATEWAY].map(attachment), interfaceName: null });
  await execa("nsenter", [`--net=/run/netns/${state.node}`, process.execPath, script, input]);
}
await buildWitness();
await buildForgery("outside", plan.inNodeSubnet(254));
await buildForgery(podHost(UNSELECTED), UNSELECTED);

const guarded = { outside: await passes("outside"), pod: await passes(podHost(UNSELECTED)) };
// There the pod's packets are still the pod's; the masquerade would make them the node's own.
await sh("worker1", "nft flush chain inet sallyport raw");
const unguarded = { outside: false, pod: await passes(podHost(UNSELECTED)) };
await sh("worker2", `nft add element inet sallyport ${setName("nodes", family)} '{ ${plan.inNodeSubnet(254)} }'`);
unguarded.outside = await passes("outside");
console.log(JSON.stringify({ guarded, unguarded }));
process.exit(0);
