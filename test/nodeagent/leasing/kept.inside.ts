/**
 * Connections of a pod on a node that is no gateway, and when stateless of one on a gateway, while gateways are lost.
 *
 *     node kept.inside.ts COUNT ROUNDS [stateless|stateful]
 */
import { until } from "../../lab/until.ts";
import { sh } from "../network.ts";
import { PLAN } from "../plan.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { type Heard, type Kind, startMany, startManyServer } from "./many.ts";
import { floating, nameOf, type Worker } from "./place.ts";

const count = Number(process.argv[2] ?? 50);
const rounds = Number(process.argv[3] ?? 1);
const mode = process.argv[4] === "stateful" ? "stateful" : "stateless";
const GATEWAYS = [2, 3] as const;
const IP = floating(1);
/** The processes at both ends must keep up. */
const EVERY_MS = Math.max(100, count);
/** What a stateful gateway's own pods have open does not outlive a change of their way. */
const PODS = [PLAN[4].pod(1, 1), ...(mode === "stateless" ? [PLAN[4].pod(2, 1)] : [])];

const cluster = await startCluster([{ ip: IP, id: 1, candidates: GATEWAYS.map(nameOf), holder: null }], {
  gatewayMode: mode,
});
let holder = await cluster.settled(IP);
const server = await startManyServer(EVERY_MS);
const clients = await Promise.all(PODS.map((pod) => startMany(pod, EVERY_MS, count)));

/** No gateway's links take its own way. */
const [atSource] = clients;
const KINDS: readonly Kind[] = ["downloads", "uploads", "datagrams"];
async function heard(): Promise<Heard> {
  const parties = [server, ...clients];
  const all = await Promise.all(parties.map((party) => party.ask()));
  return Object.fromEntries(KINDS.map((kind) => [kind, all.flatMap((each) => each[kind] ?? [])]));
}
/** Heard of lately: several times the interval, on a busy machine. */
const ALIVE_MS = 1_000 + 2 * EVERY_MS;
const alive = (kinds: Heard, kind: Kind) => kinds[kind]?.filter(({ agoMs }) => agoMs < ALIVE_MS).length ?? 0;
const all = PODS.length * count;
/** How many of each kind are alive, when all are or the time is over. */
async function settled(timeoutMs: number): Promise<Readonly<Record<string, number>>> {
  let counts: Readonly<Record<string, number>> = {};
  await until(
    "all flows",
    async () => {
      const kinds = await heard();
      counts = Object.fromEntries(KINDS.map((kind) => [kind, alive(kinds, kind)]));
      return KINDS.every((kind) => counts[kind] === all);
    },
    { timeoutMs },
  ).catch(() => {});
  return counts;
}

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
    await settled(10_000);
    await atSource?.measure();
    const lost = holder;
    await strike(lost);
    holder = await cluster.settled(IP, lost);
    cluster.forget(lost);
    await heal(lost);
    await until("the lost node", () => cluster.reports.get(nameOf(lost))?.lease?.held.length === 0);
    const kept = await settled(20_000);
    const { downloads = [], datagrams = [] } = (await atSource?.ask()) ?? {};
    const silences = [...downloads, ...datagrams].map(({ silenceMs }) => silenceMs);
    outcome[name] = [...(outcome[name] ?? []), { lost, kept, ...spread(silences) }];
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
