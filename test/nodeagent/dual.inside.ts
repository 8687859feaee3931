import { execa } from "execa";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import { setName } from "../../nodeagent/skeleton/words.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { addPod, buildNetwork, seenFrom, sh, startWitness } from "./network.ts";
import { PLAN, podHost, podMac } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass, statelessly } from "./states.ts";
import { echoesFragments, mtuLearnt, refusesFragments, startMirror, transfers } from "./transfers.ts";

const both = (worker: number, number: number) => [PLAN[4].pod(worker, number), PLAN[6].pod(worker, number)] as const;
const SELECTED = both(1, 5);
const ONLY_IPV4_SELECTED = both(1, 6);
const UNKNOWN = both(1, 7);
const ON_GATEWAY = both(2, 5);
/** A host behind the outside one, over a link that takes smaller packets. */
const BEYOND = { 4: "198.51.100.20", 6: "2001:db8:100::20" } as const;
/** As NodeLocal DNSCache has it. */
const LINK_LOCAL_SERVICE = "169.254.20.10";
const BEYOND_MTU = 1_300;
const ID: Readonly<Record<Family, number>> = { 4: 1, 6: 2 };
const of = (ips: readonly [string, string], family: Family) => ips[family === 4 ? 0 : 1];
const floating = (family: Family) => PLAN[family].inNodeSubnet(100);

const classes = [
  podClass("both", [PLAN[4].outside, ID[4]], [PLAN[6].outside, ID[6]]),
  podClass("everything-ipv4", ["0.0.0.0/0", ID[4]]),
];
const destinations = ["0.0.0.0/0", "::/0"];
const held = FAMILIES.map((family) => ({ ip: floating(family), id: ID[family] }));
const stateless = process.argv[2] === "stateless";
const stateOf = (worker: 1 | 2, holder: 1 | 2): NodeState =>
  inMode(
    nodeState(
      worker,
      {
        ...{ classes, destinations },
        gateways: FAMILIES.map((family) => gateway(ID[family], holder)),
        held: worker === holder ? held : [],
        pods:
          worker === 2
            ? [pod(ON_GATEWAY[0], "both", ON_GATEWAY[1])]
            : [
                pod(SELECTED[0], "both", SELECTED[1]),
                pod(ONLY_IPV4_SELECTED[0], "everything-ipv4", ONLY_IPV4_SELECTED[1]),
                pod(UNKNOWN[0], "both", UNKNOWN[1]),
              ],
      },
      [4, 6],
    ),
  );

function inMode(state: NodeState): NodeState {
  return stateless ? statelessly(state, held) : state;
}

async function converge(state: NodeState): Promise<NodeReport> {
  const known = [SELECTED, ONLY_IPV4_SELECTED, ON_GATEWAY].flat();
  const input = JSON.stringify({ state, attachments: known.map(attachment), interfaceName: null });
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const enter = [`--net=/run/netns/${state.node}`, process.execPath];
  return JSON.parse((await execa("nsenter", [...enter, script, input])).stdout) as NodeReport;
}

async function convergeAll(holder: 1 | 2): Promise<readonly NodeReport[]> {
  // Who releases comes first, as in a rollout.
  const releasing = holder === 1 ? 2 : 1;
  return [await converge(stateOf(releasing, holder)), await converge(stateOf(holder, holder))];
}

async function seen(...expectHeld: readonly (readonly string[])[]) {
  const pods = { SELECTED, ONLY_IPV4_SELECTED, UNKNOWN, ON_GATEWAY };
  const entries = Object.entries(pods).map(async ([name, ips]) => {
    const sources = await Promise.all(ips.map((ip) => seenFrom(ip, expectHeld.includes(ips))));
    return [name, sources] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

async function buildBeyond(): Promise<void> {
  await sh(null, "ip netns add beyond; ip link add name beyond netns outside type veth peer name eth0 netns beyond");
  await sh("beyond", "echo 0 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip link set lo up; ip link set eth0 up");
  await sh(
    "outside",
    `echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
     ip link set beyond mtu ${BEYOND_MTU} up; ip address add 10.99.0.1/24 dev beyond; ip address add fd00:99::1/64 dev beyond nodad
     ip route add ${BEYOND[4]} via 10.99.0.2; ip route add ${BEYOND[6]} via fd00:99::2`,
  );
  await sh(
    "beyond",
    `ip link set eth0 mtu ${BEYOND_MTU}; ip address add 10.99.0.2/24 dev eth0; ip address add fd00:99::2/64 dev eth0 nodad
     ip address add ${BEYOND[4]}/32 dev lo; ip address add ${BEYOND[6]}/128 dev lo
     ip route add default via 10.99.0.1; ip route add default via fd00:99::1`,
  );
}

async function guardCounter(host: string, name: string): Promise<number> {
  const listed = await sh(host, `nft list counter inet sallyport_guard ${name}`);
  return Number(/packets (\d+)/.exec(listed)?.[1]);
}

/** What the guard counts while something is broken on purpose, and what the outside host sees meanwhile. */
async function trip(host: string, name: string, breakIt: string, podIP: string) {
  const before = await guardCounter(host, name);
  await sh(host, breakIt);
  const source = await seenFrom(podIP, true);
  return { source, counted: (await guardCounter(host, name)) - before > 0 };
}

async function perFamily<T>(work: (family: Family) => Promise<T>): Promise<Record<string, T>> {
  const result: Record<string, T> = {};
  for (const family of FAMILIES) result[`IPv${family}`] = await work(family);
  return result;
}

/** Everything that could be ours, as the kernel prints it. */
function everything(host: string): Promise<string> {
  return sh(
    host,
    `nft list ruleset; for f in -4 -6; do ip $f rule show; ip $f route show table all | grep -v multicast; done | sort
     ip -o address show | sed 's/ *valid_lft.*//' | sort; ip -o link show | sed 's/^[0-9]*: //'; bridge fdb show | sort`,
  );
}

const canConnect = async (from: string, to: string) =>
  (
    await execa("nsenter", [`--net=/run/netns/${from}`, "timeout", "1", "bash", "-c", `exec 3<>/dev/tcp/${to}`], {
      reject: false,
    })
  ).exitCode;

const steps: Record<string, unknown> = {};
await buildNetwork([4, 6]);
for (const ips of [SELECTED, ONLY_IPV4_SELECTED, UNKNOWN, ON_GATEWAY]) await addPod(...ips);
await buildBeyond();
await startWitness();
for (const host of ["outside", "beyond", "worker2"]) await startMirror(host);

steps.before = await seen();
const untouched = [await everything("worker1"), await everything("worker2")];
steps.reports = await convergeAll(2);
steps.with = await seen(UNKNOWN);
steps.secondPass = (await convergeAll(2)).map(({ changes }) => changes);

await sh("worker1", `ip address add ${LINK_LOCAL_SERVICE}/32 dev lo`);
steps.discovery = await sh(
  podHost(UNKNOWN[0]),
  `ip -6 neighbour flush dev eth0
   ping -n -c 1 -W 2 -I ${UNKNOWN[1]} fe80::1%eth0 >/dev/null && echo next hop
   ping -n -c 1 -W 2 -I ${UNKNOWN[1]} ff02::1%eth0 >/dev/null && echo all nodes
   ping -n -c 1 -W 2 ${LINK_LOCAL_SERVICE} >/dev/null && echo ${LINK_LOCAL_SERVICE}`,
);
await sh("worker1", `ip address delete ${LINK_LOCAL_SERVICE}/32 dev lo`);
const mac = async (address: string) => sh(podHost(SELECTED[0]), `ip link set eth0 address ${address}`);
await mac("02:bb:00:00:00:05");
steps.anotherMac = await Promise.all(SELECTED.map((ip) => seenFrom(ip, true)));
await mac(podMac(SELECTED[0]));
steps.inbound = await perFamily(async (family) => ({
  nodeAddress: await canConnect("outside", `${PLAN[family].inNodeSubnet(2)}/8082`),
  floatingIP: await canConnect("outside", `${floating(family)}/8082`),
  ping: (
    await execa("nsenter", ["--net=/run/netns/outside", "ping", "-c1", "-W1", floating(family)], { reject: false })
  ).exitCode,
}));

steps.transfers = await perFamily(async (family) => ({
  toOutside: await transfers(of(SELECTED, family), PLAN[family].witness),
  overSmallerLink: await transfers(of(SELECTED, family), BEYOND[family]),
  fromGatewayNode: await transfers(of(ON_GATEWAY, family), BEYOND[family]),
  fragments: await echoesFragments(of(SELECTED, family), PLAN[family].witness),
  fragmentsOverSmallerLink: await refusesFragments(of(SELECTED, family), BEYOND[family]),
}));
steps.mtus = await perFamily(async (family) => ({
  overlay: await mtuLearnt(of(SELECTED, family), PLAN[family].witness, 1_480),
  beyond: await mtuLearnt(of(SELECTED, family), BEYOND[family], 1_400),
  fits: await mtuLearnt(of(SELECTED, family), PLAN[family].witness, 1_450),
}));
for (const host of ["worker1", "worker2"]) await sh(host, "nft flush chain inet sallyport mss");
steps.withoutClamping = await perFamily(async (family) => transfers(of(SELECTED, family), PLAN[family].witness));
await convergeAll(2);
steps.besideTunnel = await perFamily((family) =>
  trip("worker1", "not_in_tunnel", `ip -${family} rule delete preference 1000`, of(SELECTED, family)),
);
steps.withoutSnat = await perFamily((family) =>
  trip(
    "worker2",
    "not_snated",
    `nft delete element inet sallyport ${setName("floating_of_id", family)} '{ ${ID[family]} }'`,
    of(ON_GATEWAY, family),
  ),
);
await convergeAll(2);
steps.repaired = await seen(UNKNOWN);

const neighbour = async (family: Family) =>
  /lladdr (\S+)/.exec(await sh("outside", `ip neighbour show ${floating(family)} dev eth0`))?.[1];
const macs = await Promise.all(
  ["worker1", "worker2"].map((host) => sh(host, "ip -o link show eth0 | sed 's/.*ether //; s/ .*//'")),
);
const whose = async () => perFamily(async (family) => `worker${macs.indexOf((await neighbour(family)) ?? "") + 1}`);
const holderBefore = await whose();
await convergeAll(1);
steps.neighbours = { before: holderBefore, after: await whose() };
steps.afterMove = await seen(UNKNOWN);
steps.addressChosen = await sh("worker1", `ip -6 route get ${PLAN[6].witness} | grep -o 'src [^ ]*'`);

for (const host of ["worker1", "worker2"]) {
  const script = new URL("uninstall.inside.ts", import.meta.url).pathname;
  await execa("nsenter", [`--net=/run/netns/${host}`, process.execPath, script]);
}
steps.untouchedAgain = [await everything("worker1"), await everything("worker2")].map((text, index) =>
  text === untouched[index] ? "as before" : text,
);
steps.after = await seen();
console.log(JSON.stringify(steps));
process.exit(0);
