import { execa } from "execa";
import { FAMILIES } from "../../../nodeagent/addresses.ts";
import { parseFlows } from "../../../nodeagent/kernel/flows.ts";
import type { NodeReport, NodeState } from "../../../policies/nodestate.ts";
import { until } from "../../lab/until.ts";
import { convergeOn } from "../converge-on.ts";
import { addPod, buildNetwork, openConnection, seenFrom, sh, startWitness } from "../network.ts";
import { PLAN, podHost } from "../plan.ts";
import { gateway, nodeState, pod, podClass, portBlock, statelessly } from "../states.ts";
import { echoesFragments, mtuLearnt, startMirror, transfers } from "../transfers.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const plan = PLAN[family];
const [ip, bracketed] = family === 4 ? ["ip", plan.witness] : ["ip6", `[${plan.witness}]`];
const [SOURCE, ON_GATEWAY] = [plan.pod(1, 5), plan.pod(2, 5)];
const FLOATING = plan.inNodeSubnet(100);
const UNSERVED_PORT = 7;

function stateOf(worker: 1 | 2, parts: Partial<NodeState> = {}): NodeState {
  const held = worker === 2 ? [{ ip: FLOATING, id: 1 }] : [];
  const common = { gateways: [gateway(1, 2, family)], classes: [podClass("a", [plan.outside, 1])], held };
  const state = nodeState(worker, { ...common, pods: [pod(worker === 1 ? SOURCE : ON_GATEWAY, "a")] }, [family]);
  return { ...statelessly(state, [{ ip: FLOATING, id: 1 }]), ...parts };
}

async function converge(worker: 1 | 2, parts?: Partial<NodeState>): Promise<NodeReport> {
  const report = await convergeOn(stateOf(worker, parts), [SOURCE, ON_GATEWAY]);
  if (report.error !== undefined) throw new Error(report.error);
  return report;
}

const ofBoth = async <T>(work: (pod: string) => Promise<T>): Promise<readonly T[]> => [
  await work(SOURCE),
  await work(ON_GATEWAY),
];
const inPod = async (pod: string, ...command: readonly string[]) =>
  (await execa("nsenter", [`--net=/run/netns/${podHost(pod)}`, ...command], { reject: false, stdin: "ignore" })).stdout;
const script = (pod: string, code: string) => inPod(pod, process.execPath, "-e", code);

async function counter(worker: string, table: string, name: string): Promise<number> {
  return Number(/packets (\d+)/.exec(await sh(worker, `nft list counter ${table} ${name}`))?.[1]);
}
const guard = (name: string) => counter("worker1", "inet sallyport_guard", name);

/** Which hop says that a packet lives no longer. */
const hop = async (pod: string, hops: number) =>
  /From (\S+?):? /i.exec(await inPod(pod, "ping", "-n", "-c1", "-W1", "-t", String(hops), plan.witness))?.[1];

/** What a datagram to a port that nobody serves is answered with. */
const refusal = (pod: string) =>
  script(
    pod,
    `const s = require("node:dgram").createSocket("udp${family}").on("error", ({ code }) => { console.log(code); process.exit(); });
     s.connect(${UNSERVED_PORT}, "${plan.witness}", () => { s.send("x"); setTimeout(process.exit, 2_000); })`,
  );

/** From outside, to a port under the floating IP: 124 is silence. */
const knock = async (port: number) =>
  (
    await execa(
      "nsenter",
      ["--net=/run/netns/outside", "timeout", "1", "bash", "-c", `exec 3<>/dev/tcp/${FLOATING}/${port}`],
      { reject: false },
    )
  ).exitCode;

/** Of the nodes, not of the outside host. */
async function underlayMtu(mtu: number): Promise<void> {
  for (const worker of [1, 2] as const) {
    await sh(null, `ip link set port-worker${worker} mtu ${mtu}`);
    await sh(`worker${worker}`, `ip link set eth0 mtu ${mtu}`);
    await converge(worker);
  }
}

const flows = async (worker: string) => parseFlows(await sh(worker, `conntrack -L -f ipv${family}`));
const steps: Record<string, unknown> = {};
await buildNetwork([family]);
for (const each of [SOURCE, ON_GATEWAY]) await addPod(each);
await startWitness();
await startMirror("outside");
await converge(2);
await converge(1);
steps.seen = await ofBoth(seenFrom);
steps.entriesAtGateway = (await flows("worker2")).filter(
  ({ source }) => source === FLOATING || source === SOURCE,
).length;

// ICMP errors: of the outside host, of this node, of the gateway.
steps.refused = await ofBoth(refusal);
steps.hops = [await hop(SOURCE, 1), await hop(SOURCE, 2), await hop(ON_GATEWAY, 1)];
await sh("worker2", `ip route add ${plan.outside} via ${plan.inNodeSubnet(254)} mtu 1300`);
steps.mtuAtGateway = await ofBoth((each) => mtuLearnt(each, plan.witness, 1_400));
steps.transfers = await ofBoth((each) => transfers(each, plan.witness));
await sh("worker2", `ip route delete ${plan.outside}`);

// Fragments.
const lost = () => counter("worker2", "netdev sallyport_gw", "lost_fragments");
steps.fragments = await ofBoth((each) => echoesFragments(each, plan.witness));
await underlayMtu(1_600);
steps.fragmentsWithRoom = await ofBoth((each) => echoesFragments(each, plan.witness));
await underlayMtu(1_500);
const lostBefore = await lost();
const first = family === 4 ? "ip frag-off & 0x3fff == 0x2000" : "ip6 nexthdr 44 @nh,336,16 & 0xfff8 == 0";
await sh(
  null,
  `nft 'add table bridge first; add chain bridge first through { type filter hook forward priority 0; }; add rule bridge first through iifname port-outside ${first} drop'`,
);
steps.withoutFirst = { arrived: await echoesFragments(ON_GATEWAY, plan.witness), counted: (await lost()) > lostBefore };
await sh(null, "nft delete table bridge first");

// Nobody's packets.
steps.knocks = await Promise.all([80, portBlock(1).firstPort + 1, portBlock(2).firstPort + 1].map(knock));
steps.begunOutside = (await Promise.all(["worker1", "worker2"].map(flows)))
  .flat()
  .filter(({ destination }) => destination === FLOATING).length;
const portless = () => counter("worker1", "inet sallyport", "portless");
const portlessBefore = await portless();
await sh(
  "outside",
  `nft 'add table inet seen; add counter inet seen others; add chain inet seen in { type filter hook prerouting priority -300; }; add rule inet seen in meta l4proto 50 counter name others'`,
);
await sh(podHost(SOURCE), `echo sixteen-bytes-xx | socat -u - IP${family}-SENDTO:${bracketed}:50`);
steps.portless = { held: (await portless()) - portlessBefore, seen: await counter("outside", "inet seen", "others") };

// More than the node has ports: nothing leaves with other ones.
const { firstPort, ports } = portBlock(1);
await sh(
  "outside",
  `nft 'add counter inet seen inside; add counter inet seen beside
        add rule inet seen in udp dport 9 ${ip} saddr ${FLOATING} udp sport ${firstPort}-${firstPort + ports - 1} counter name inside accept
        add rule inet seen in udp dport 9 counter name beside'`,
);
await script(
  SOURCE,
  `const all = Array.from({ length: ${ports + 100} }, () => require("node:dgram").createSocket("udp${family}"));
   Promise.all(all.map((s) => new Promise((sent) => s.send("x", 9, "${plan.witness}", sent)))).then(() => process.exit())`,
);
await until("datagrams", async () => (await counter("outside", "inet seen", "inside")) > ports * 0.9);
steps.moreThanPorts = {
  inside: (await counter("outside", "inet seen", "inside")) <= ports,
  beside: await counter("outside", "inet seen", "beside"),
};

// The overlay device is another one.
await sh("worker2", "ip link delete egvx");
steps.deviceReplaced = (await converge(2)).changes.filter((change) => /egvx$|sallyport_gw:/.test(change));
steps.seenAfterReplacement = await ofBoth(seenFrom);

// The guard, each of its rules.
async function trip(name: string, breakIt: string, see: () => Promise<string>) {
  const before = await guard(name);
  await sh("worker1", breakIt);
  const source = await see();
  return { source, counted: (await guard(name)) > before };
}
const seenNow = () => seenFrom(SOURCE, true);
steps.besideTunnel = await trip("not_in_tunnel", `ip -${family} rule delete preference 1000`, seenNow);
await converge(1);
await sh(
  "worker2",
  `nft 'add table inet seen; add counter inet seen untranslated; add chain inet seen in { type filter hook prerouting priority -310; }
        add rule inet seen in iifname egvx tcp dport 8080 ${ip} saddr != ${FLOATING} counter name untranslated'`,
);
const untranslated = await trip(
  "not_snated",
  FAMILIES.map((each) => `nft flush chain inet sallyport translate${each === 6 ? 6 : ""}`).join("; "),
  seenNow,
);
steps.untranslated = { ...untranslated, arrived: await counter("worker2", "inet seen", "untranslated") };
await converge(1);
const connection = openConnection(SOURCE);
await connection.next();
steps.unmarked = await trip("not_held", "nft flush chain inet sallyport pre", () => connection.next());
await converge(1);
steps.goesOn = await connection.next();

// Another node gets the ports, while a server still sends to the pod that had one of them.
const dials = (pod: string, localPort: number) =>
  script(
    pod,
    `const s = require("node:net").connect({ port: 8081, host: "${plan.witness}", localPort: ${localPort} }, () => s.write("?"));
     s.on("data", (data) => { console.log(String(data).trim()); process.exit(); }).on("error", ({ code }) => { console.log(code); process.exit(); })`,
  );
const kept = (await flows("worker1")).find(
  ({ serverPort, tcpState }) => serverPort === 8081 && tcpState === "ESTABLISHED",
);
await sh(null, "ip link set port-worker1 down");
await converge(2, { portBlock: portBlock(1), sourceNodes: [] });
steps.newConnectionOnOldPort = await dials(ON_GATEWAY, kept?.seenAsPort ?? 0);
console.log(JSON.stringify({ ...steps, oldPortInBlock: (kept?.seenAsPort ?? 0) >= firstPort }));
process.exit(0);
