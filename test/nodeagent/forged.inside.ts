import { execa } from "execa";
import { addPod, buildNetwork, sh } from "./network.ts";
import { PLAN } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass } from "./states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const [ip, width] = family === 4 ? ["ip", 32] : ["ip6", 128];
const ON_GATEWAY = plan.pod(2, 5);
const FLOATING = plan.inNodeSubnet(100);
const FORGED_POD = plan.pod(1, 99);
const TARGET = plan.witness.replace(/10$/, "77");

const state = nodeState(
  2,
  {
    gateways: [gateway(1, 2, family)],
    classes: [podClass("web", [plan.outside, 1])],
    held: [{ ip: FLOATING, id: 1 }],
    pods: [pod(ON_GATEWAY, "web")],
  },
  [family],
);

/** The outside host is in the nodes' subnet: it can build a tunnel end of its own, with any egress id in its headers. */
async function buildForgery(): Promise<void> {
  await sh(
    "outside",
    `ip link add forged type vxlan id 77 local ${plan.inNodeSubnet(254)} remote ${plan.inNodeSubnet(2)} dstport 4790 gbp
     ip link set forged up; ip address add ${FORGED_POD}/${width} dev forged; ip route add ${TARGET} dev forged src ${FORGED_POD}
     ip neighbour replace ${TARGET} lladdr ${state.mac} dev forged nud permanent
     nft 'add table inet witness; add counter inet witness seen
          add chain inet witness out { type filter hook output priority 0; }
          add rule inet witness out oifname forged meta mark set 1
          add chain inet witness in { type filter hook prerouting priority -300; }
          add rule inet witness in iifname eth0 ${ip} saddr ${FLOATING} ${ip} daddr ${TARGET} counter name seen'`,
  );
}

/** Whether a forged datagram left the gateway with the floating IP. */
async function passes(): Promise<boolean> {
  await sh("outside", "nft reset counter inet witness seen");
  await execa("nsenter", [
    "--net=/run/netns/outside",
    "bash",
    "-c",
    `for i in 1 2 3; do echo x >/dev/udp/${TARGET}/9; done; ping -c 2 -i 0.2 -W 0.5 ${TARGET} || true`,
  ]);
  return !/packets 0 /.test(await sh("outside", "nft list counter inet witness seen"));
}

await buildNetwork([family]);
await addPod(ON_GATEWAY);
const script = new URL("converge-here.ts", import.meta.url).pathname;
const input = JSON.stringify({ state, attachments: [attachment(ON_GATEWAY)], interfaceName: null });
await execa("nsenter", ["--net=/run/netns/worker2", process.execPath, script, input]);
await buildForgery();
const guarded = await passes();
await sh("worker2", "nft flush chain inet sallyport raw");
console.log(JSON.stringify({ guarded, unguarded: await passes() }));
process.exit(0);
