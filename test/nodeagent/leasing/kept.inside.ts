/**
 * Connections through stateless gateways, of a pod on a node that is none and of one on a gateway, while gateways are lost.
 *
 *     node kept.inside.ts COUNT ROUNDS
 */
import { until } from "../../lab/until.ts";
import { sh } from "../network.ts";
import { PLAN } from "../plan.ts";
import { floating, nameOf, startCluster, WORKERS, type Worker } from "./cluster.ts";
import { type Heard, type Kind, startMany, startManyServer } from "./many.ts";

const count = Number(process.argv[2] ?? 50);
const rounds = Number(process.argv[3] ?? 1);
const GATEWAYS = [2, 3] as const;
const IP = floating(1);
const PODS = [PLAN[4].pod(1, 1), PLAN[4].pod(2, 1)];

const cluster = await startCluster(
  [{ ip: IP, id: 1, candidates: GATEWAYS.map(nameOf), holder: null }],
  undefined,
  "stateless",
);
let holder = await cluster.settled(IP);
const server = await startManyServer();
const clients = await Promise.all(PODS.map((pod) => startMany(pod, count)));

/** No gateway's links take its own way. */
const [atSource] = clients;
const KINDS: readonly Kind[] = ["downloads", "uploads", "datagrams"];
async function heard(): Promise<Heard> {
  const parties = [server, ...clients];
  const all = await Promise.all(parties.map((party) => party.ask()));
  return Object.fromEntries(KINDS.map((kind) => [kind, all.flatMap((each) => each[kind] ?? [])]));
}
/** Heard of lately: several times the interval, on a busy machine. */
const ALIVE_MS = 1_000;
const alive = (kinds: Heard, kind: Kind) => kinds[kind]?.filter(({ agoMs }) => agoMs < ALIVE_MS).length ?? 0;
const all = PODS.length * count;
const everything = async () => {
  const kinds = await heard();
  return KINDS.every((kind) => alive(kinds, kind) === all);
};

const signal = (worker: Worker, name: NodeJS.Signals) => cluster.agent(worker).child.kill(name);
const cutRules = (lost: Worker) =>
  WORKERS.filter((worker) => worker !== lost)
    .flatMap((worker) => [
      [lost, worker],
      [worker, lost],
    ])
    .map(([from, to]) => `nft add rule bridge cut forward iifname port-worker${from} oifname port-worker${to} drop`)
    .join("\n");
const FAULTS: Readonly<Record<string, readonly [strike: (lost: Worker) => unknown, heal: (lost: Worker) => unknown]>> =
  {
    frozen: [(lost) => signal(lost, "SIGSTOP"), (lost) => signal(lost, "SIGCONT")],
    killed: [(lost) => cluster.kill(lost), (lost) => cluster.start(lost)],
    "links down": [
      (lost) => sh(null, `ip link set port-${nameOf(lost)} down`),
      (lost) => sh(null, `ip link set port-${nameOf(lost)} up`),
    ],
    "cut off from the nodes": [
      (lost) =>
        sh(
          null,
          `nft 'add table bridge cut; add chain bridge cut forward { type filter hook forward priority 0; }'\n${cutRules(lost)}`,
        ),
      () => sh(null, "nft delete table bridge cut"),
    ],
  };

const outcome: Record<string, unknown[]> = {};
for (let round = 0; round < rounds; round += 1) {
  for (const [name, [strike, heal]] of Object.entries(FAULTS)) {
    await until("all flows", everything);
    await atSource?.measure();
    const lost = holder;
    await strike(lost);
    holder = await cluster.settled(IP, lost);
    cluster.reports.delete(nameOf(lost));
    await heal(lost);
    await until("the lost node", () => cluster.reports.get(nameOf(lost))?.lease?.held.length === 0);
    await until("all flows again", everything, { timeoutMs: 15_000 }).catch(() => {});
    const kinds = await heard();
    const { downloads = [], datagrams = [] } = (await atSource?.ask()) ?? {};
    const silences = [...downloads, ...datagrams].map(({ silenceMs }) => silenceMs);
    outcome[name] = [
      ...(outcome[name] ?? []),
      { lost, kept: Object.fromEntries(KINDS.map((kind) => [kind, alive(kinds, kind)])), ...spread(silences) },
    ];
  }
}

function spread(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  return { medianMs: sorted[Math.floor(sorted.length / 2)], mostMs: sorted.at(-1) };
}

// Whether the count would show it.
await sh("worker1", `conntrack -D -s ${PODS[0]}`);
const control = await until("silence", async () => {
  const downloads = alive(await heard(), "downloads");
  return downloads < all ? downloads : undefined;
});
console.log(JSON.stringify({ all, outcome, control }));
process.exit(0);
