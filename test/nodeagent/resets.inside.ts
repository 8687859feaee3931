import { setTimeout as delay } from "node:timers/promises";
import { execa } from "execa";
import { parseFlows } from "../../nodeagent/kernel/flows.ts";
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { type ClientEnds, countedSince, startClient, startCounting, startServer, TCP_PORTS } from "./conversations.ts";
import { addPod, buildNetwork, sh } from "./network.ts";
import { PLAN } from "./plan.ts";
import { attachment, gateway, nodeState, pod, podClass, statelessly } from "./states.ts";

const family = process.argv[2] === "6" ? 6 : 4;
const stateless = process.argv[3] === "stateless";
const plan = PLAN[family];
/** Pods: one on the source node, one on the gateway's, one that nothing happens to. */
const PODS = { source: plan.pod(1, 5), gateway: plan.pod(2, 5), bystander: plan.pod(1, 6) };
const [FIRST, SECOND] = [plan.inNodeSubnet(100), plan.inNodeSubnet(101)];
const OTHER_HALF = family === 4 ? "198.51.100.128/25" : "2001:db8:100:0:8000::/65";
const WITNESS = `${plan.witness}/${family === 4 ? 32 : 128}`;
const ELSEWHERE = family === 4 ? "203.0.113.0/24" : "2001:db8:203::/64";
const SETTLED_MS = 400;

interface Situation {
  readonly name: string;
  readonly parts?: Partial<NodeState>;
  /** Class of the pods that something happens to. */
  readonly becomes?: string | null;
  readonly without?: string;
  /** The address is released, too: by its node after the others know. */
  readonly releases?: boolean;
  /** Nothing reaches the pod on the source node meanwhile. */
  readonly unreachable?: boolean;
}

const both = [podClass("a", [plan.outside, 1]), podClass("b", [plan.outside, 2])];
const rest = (first: ReturnType<typeof podClass>) => [first, podClass("b", [plan.outside, 2])];
const situations: readonly Situation[] = [
  { name: "removed", parts: { classes: [], destinations: [] }, becomes: null },
  { name: "address", parts: { classes: rest(podClass("a", [plan.outside, 2])) } },
  { name: "released", parts: { classes: rest(podClass("a", [plan.outside, 2])) }, releases: true },
  { name: "narrowed", parts: { classes: [podClass("a", [OTHER_HALF, 1])], destinations: [OTHER_HALF] } },
  { name: "deselected", becomes: null },
  { name: "otherPolicy", becomes: "b" },
  {
    name: "edited",
    parts: { classes: rest(podClass("a", [plan.outside, 1], [ELSEWHERE, 2])), destinations: [plan.outside, ELSEWHERE] },
  },
  { name: "longerPrefix", parts: { classes: rest(podClass("a", [WITNESS, 2], [plan.outside, 1])) } },
  { name: "otherPod", without: PODS.bystander },
  { name: "unreachable", parts: { classes: [], destinations: [] }, becomes: null, unreachable: true },
];

function states({ parts = {}, becomes = "a", without, releases = false }: Partial<Situation>): readonly NodeState[] {
  const bystanderClass = parts.classes?.length === 0 ? null : "a";
  const pods = [pod(PODS.source, becomes), pod(PODS.gateway, becomes), pod(PODS.bystander, bystanderClass)];
  const on = (worker: 1 | 2) =>
    pods.filter(
      ({ ips }) => ips[0] !== without && plan.podCIDROf(worker).split(/[.:]+/)[2] === ips[0]?.split(/[.:]+/)[2],
    );
  const declared = parts.classes ?? both;
  const used = [becomes, bystanderClass];
  const classes = declared.filter(({ key }) => used.includes(key));
  const ids = new Set(classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  const gateways = [gateway(1, 2, family), gateway(2, 2, family)].filter(({ id }) => ids.has(id));
  const held = [...(releases ? [] : [{ ip: FIRST, id: 1 }]), { ip: SECOND, id: 2 }];
  const addresses = [{ ip: FIRST, id: 1 }, ...held.filter(({ id }) => id === 2)];
  const inMode = (state: NodeState) => (stateless ? statelessly(state, addresses) : state);
  return [
    inMode(nodeState(1, { gateways, ...parts, classes, pods: on(1) }, [family])),
    inMode(nodeState(2, { gateways, ...parts, classes, held, pods: on(2) }, [family])),
  ];
}

async function converge(state: NodeState): Promise<NodeReport> {
  const input = { state, attachments: Object.values(PODS).map(attachment), interfaceName: null };
  const script = new URL("converge-here.ts", import.meta.url).pathname;
  const enter = [`--net=/run/netns/${state.node}`, process.execPath];
  return JSON.parse((await execa("nsenter", [...enter, script, JSON.stringify(input)])).stdout) as NodeReport;
}

async function convergeAll(situation: Partial<Situation>): Promise<readonly NodeReport[]> {
  const [source, gatewayNode] = states(situation).map((state) => () => converge(state));
  if (!source || !gatewayNode) throw new Error("two nodes");
  return situation.releases ? [await source(), await gatewayNode()] : Promise.all([source(), gatewayNode()]);
}

await buildNetwork([family]);
for (const ip of Object.values(PODS)) await addPod(ip);
const server = await startServer();
await startCounting();

async function play(situation: Situation) {
  const first = await convergeAll({});
  const clients = await Promise.all(Object.values(PODS).map(async (ip) => startClient(ip)));
  const answers = () => Promise.all(clients.map((client) => client.ask()));
  await until("all connections", async () => {
    const ends = (await answers()).flatMap((each) => Object.values(each));
    return ends.every(({ end }) => end === "open") && ends.filter(({ bytes }) => bytes > 50).length === 6;
  });
  await countedSince(family);
  const before = await answers();
  const portsAtServer = await translatedPorts();
  if (situation.unreachable) {
    await sh(
      "worker1",
      `nft 'add table netdev cut; add chain netdev cut from_pod { type filter hook ingress device "veth5" priority -500; policy drop; }'`,
    );
  }
  const reports = await convergeAll(situation);
  if (situation.unreachable) {
    await sh("worker1", "nft delete table netdev cut");
    await until("the pod to be told", async () => {
      const [source] = await answers();
      return source?.talk.end !== "open" && source?.download.end !== "open";
    });
  }
  await delay(SETTLED_MS);
  const during = await countedSince(family);
  const atRest = await answers();
  await delay(200);
  const after = await answers();
  const serverEnds = await server.ask();
  const settled = await countedSince(family);
  for (const client of clients) client.stop();
  const pods = Object.entries(PODS).map(([name, ip], i) => {
    const atServer = (port: number, podPort: number) =>
      [FIRST, SECOND]
        .map((floating) => serverEnds[`${port} ${floating} ${portsAtServer.get(`${ip} ${podPort}`)}`])
        .findLast((end) => end !== undefined);
    return [name, ends(before[i] as ClientEnds, atRest[i] as ClientEnds, after[i] as ClientEnds, atServer)];
  });
  return {
    errors: [...first, ...reports].flatMap(({ error }) => error ?? []),
    resets: reports.flatMap(({ changes }) => changes.filter((change) => change.startsWith("reset "))),
    ...Object.fromEntries(pods),
    sources: sourcesOf(during),
    settledSources: sourcesOf(settled),
  };
}

/** The port that the server sees, by the pod's address and port. */
async function translatedPorts(): Promise<ReadonlyMap<string, number>> {
  const listings = await Promise.all(
    ["worker1", "worker2"].map((node) => sh(node, `conntrack -L -p tcp -f ipv${family}`)),
  );
  const flows = listings.flatMap(parseFlows);
  // On a stateful gateway the pod's connection is in two nodes' tables, and the gateway translates.
  const inOrder = flows.toSorted((a, b) => Number(a.seenAs !== a.source) - Number(b.seenAs !== b.source));
  return new Map(inOrder.map((flow) => [`${flow.source} ${flow.sourcePort}`, flow.seenAsPort]));
}

/** That were seen, of each kind of packets. */
function sourcesOf(counts: Readonly<Record<string, number>>): Readonly<Record<string, readonly string[]>> {
  const pairs = Object.keys(counts).map((key) => key.split(" ") as [string, string]);
  const byKind = Object.groupBy(pairs, ([kind]) => kind);
  return Object.fromEntries(
    Object.entries(byKind).map(([kind, each = []]) => [kind, each.map(([, source]) => source).sort()]),
  );
}

/** What pod and server say of each connection. */
function ends(
  before: ClientEnds,
  atRest: ClientEnds,
  after: ClientEnds,
  atServer: (port: number, podPort: number) => string | undefined,
) {
  return Object.fromEntries(
    Object.entries(TCP_PORTS).map(([name, port]) => {
      const kind = name as keyof ClientEnds;
      const flows = kind === "idle" || after[kind].bytes > atRest[kind].bytes;
      return [
        name,
        `${after[kind].end}${after[kind].end === "open" && !flows ? ", stalled" : ""} / ${atServer(port, before[kind].port)}`,
      ];
    }),
  );
}

const chosen = process.argv[4];
const outcome: Record<string, unknown> = {};
for (const situation of situations) {
  if (chosen === undefined || chosen === situation.name) outcome[situation.name] = await play(situation);
}
console.log(JSON.stringify(outcome));
process.exit(0);
