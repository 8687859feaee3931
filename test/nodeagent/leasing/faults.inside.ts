/**
 * What takes a gateway away, and what it costs a pod on another node; every frame under the floating IP is taken at the
 * ports of the gateways.
 *
 *     node faults.inside.ts ROUNDS FAMILY
 */
import type { Family } from "../../../nodeagent/addresses.ts";
import { until } from "../../lab/until.ts";
import { sh, startWitness } from "../network.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";
import { floating, nameOf, podAddress, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const rounds = Number(process.argv[2] ?? 1);
const GATEWAYS = [2, 3] as const;
const ADDRESS = { ip: floating(1, Number(process.argv[3] ?? 4) as Family), id: 1 };
const IP = ADDRESS.ip;
const POD = podAddress(1, ADDRESS);

const cluster = await startCluster([{ ...ADDRESS, candidates: GATEWAYS.map(nameOf), holder: null }]);
await startWitness();
let holder = await cluster.settled(IP);
const ports = await watchPorts(GATEWAYS, IP);

/** Asked by nobody: as gratuitous ARP, or to all nodes of the link. */
const ANNOUNCED = /Request who-has (\S+) .*tell \1|> ff02::1: ICMP6, neighbor advertisement/;

interface Fault {
  readonly strike: (holder: Worker) => Promise<unknown>;
  readonly heal: (holder: Worker) => Promise<unknown>;
}

type Way = readonly [from: Worker, to: Worker];

/** Between nodes only: the outside host is still reached. */
function cut(ways: (holder: Worker, other: Worker) => readonly Way[]): Fault {
  const drop = ([from, to]: Way) =>
    `nft add rule bridge cut forward iifname port-${nameOf(from)} oifname port-${nameOf(to)} drop`;
  return {
    strike: (holder) => {
      const others = WORKERS.filter((worker) => worker !== holder);
      const chain = "nft 'add table bridge cut; add chain bridge cut forward { type filter hook forward priority 0; }'";
      return sh(null, [chain, ...others.flatMap((other) => ways(holder, other).map(drop))].join("\n"));
    },
    heal: () => sh(null, "nft delete table bridge cut"),
  };
}

const signal = (worker: Worker, name: NodeJS.Signals) => cluster.agent(worker).child.kill(name);
const FAULTS: Readonly<Record<string, Fault>> = {
  frozen: {
    strike: async (holder) => signal(holder, "SIGSTOP"),
    heal: async (holder) => signal(holder, "SIGCONT"),
  },
  killed: {
    strike: (holder) => cluster.kill(holder),
    heal: async (holder) => cluster.start(holder),
  },
  "links down": {
    strike: (holder) => sh(null, `ip link set port-${nameOf(holder)} down`),
    heal: (holder) => sh(null, `ip link set port-${nameOf(holder)} up`),
  },
  "cut off from the nodes": cut((holder, other) => [
    [holder, other],
    [other, holder],
  ]),
  "not heard by the nodes": cut((holder, other) => [[holder, other]]),
  "deaf to the nodes": cut((holder, other) => [[other, holder]]),
};

async function suffer({ strike, heal }: Fault) {
  const lost = holder;
  const echoes = startEchoes(POD);
  await echoes.more(30);
  const struckMs = Date.now();
  await strike(lost);
  const next = await cluster.settled(IP, lost);
  await echoes.more(50);
  holder = next;
  cluster.forget(lost);
  await heal(lost);
  await heard(lost, 0);
  const outage = await echoes.stop();
  const frames = ports.since(struckMs).filter(({ by }) => by === nameOf(next));
  const takenMs = Math.round(Math.min(...frames.map(({ atMs }) => atMs)) - struckMs);
  return { ...outage, takenMs, announced: frames.some(({ text }) => text?.match(ANNOUNCED)) };
}

/** It has reported how many addresses it answers for. */
async function heard(worker: Worker, held: number): Promise<void> {
  const report = () => cluster.reports.get(nameOf(worker));
  await until(`a report of ${nameOf(worker)}`, () => report()?.lease?.held.length === held);
}

const outages: Record<string, unknown[]> = {};
for (let round = 0; round < rounds; round += 1) {
  for (const [name, fault] of Object.entries(FAULTS)) {
    outages[name] = [...(outages[name] ?? []), await suffer(fault)];
  }
}

// A new agent finds everything open.
const beforeRestart = startEchoes(POD);
await beforeRestart.more(30);
const restarted = holder;
cluster.forget(restarted);
const exitCode = await cluster.stop(restarted);
cluster.start(restarted);
await heard(restarted, 1);
await beforeRestart.more(100);
const restart = { exitCode, ...(await beforeRestart.stop()) };

// The plan moves it.
const duringMove = startEchoes(POD);
await duringMove.more(30);
const epoch = cluster.reports.get(nameOf(restarted))?.lease?.held[0]?.epoch ?? 0;
const target = restarted === 2 ? 3 : 2;
cluster.order((address) => ({
  ...address,
  candidates: [target, restarted].map((worker) => nameOf(worker as Worker)),
  holder: { node: nameOf(restarted), epoch },
  releaseEpoch: epoch,
}));
await until("the move", () => cluster.holders(IP)[0] === target);
await duringMove.more(50);
const move = await duringMove.stop();

// All at once.
const afterAll = startEchoes(POD);
await afterAll.more(30);
await Promise.all(WORKERS.map((worker) => cluster.kill(worker)));
cluster.forget(...WORKERS);
for (const worker of WORKERS) cluster.start(worker);
await cluster.settled(IP);
await afterAll.more(50);
const blackout = await afterAll.stop();

const seen = holdersSeen(ports.since(0));
const takenBy = cluster.takenBy(IP);

// Without agents and gates both answer, and the capture must show it.
await Promise.all(WORKERS.map((worker) => cluster.kill(worker)));
const control = holdersSeen(await ports.withoutGates()).length;

console.log(JSON.stringify({ outages, restart, move, blackout, seen, takenBy, control }));
process.exit(0);
