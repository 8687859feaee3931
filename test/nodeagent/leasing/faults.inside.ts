/**
 * What takes a gateway away, and what it costs a pod on another node; every frame under the floating IP is taken at the
 * ports of the gateways.
 *
 *     node faults.inside.ts ROUNDS
 */
import { spawn } from "node:child_process";
import { capture } from "../gate/capture.ts";
import { deviceOf } from "../gate/segment.ts";
import { sh, startWitness } from "../network.ts";
import { PLAN } from "../plan.ts";
import { floating, nameOf, startCluster, WORKERS, type Worker } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";

const rounds = Number(process.argv[2] ?? 1);
const GATEWAYS = [2, 3] as const;
const IP = floating(1);
const POD = PLAN[4].pod(1, 1);
const NEGATIVE_CONTROL_MS = 500;

const cluster = await startCluster([{ ip: IP, id: 1, candidates: GATEWAYS.map(nameOf), holder: null }]);
await startWitness();
const first = await cluster.settled(IP);
const ports = new Map(
  await Promise.all(GATEWAYS.map(async (worker) => [worker, await capture(nameOf(worker), `src host ${IP}`)] as const)),
);
const prober = new URL("../gate/prober.ts", import.meta.url).pathname;
const outside = JSON.stringify(await deviceOf("outside"));
spawn("nsenter", ["--net=/run/netns/outside", process.execPath, prober, outside], { stdio: "ignore" });

let holder = first;
let framesFrom = new Map(GATEWAYS.map((worker) => [worker, 0]));

interface Fault {
  readonly strike: (holder: Worker) => Promise<unknown>;
  readonly heal: (holder: Worker) => Promise<unknown>;
}

const cutRules = (holder: Worker) =>
  WORKERS.filter((worker) => worker !== holder)
    .map(
      (worker) => `nft add rule bridge cut forward iifname port-${nameOf(holder)} oifname port-${nameOf(worker)} drop
                   nft add rule bridge cut forward iifname port-${nameOf(worker)} oifname port-${nameOf(holder)} drop`,
    )
    .join("\n");

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
  "cut off from the nodes": {
    strike: (holder) =>
      sh(
        null,
        `nft 'add table bridge cut; add chain bridge cut forward { type filter hook forward priority 0; }'
         ${cutRules(holder)}`,
      ),
    heal: () => sh(null, "nft delete table bridge cut"),
  },
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
  const reports = cluster.reports;
  reports.delete(nameOf(lost));
  await heal(lost);
  while (reports.get(nameOf(lost))?.lease?.held.length !== 0) await new Promise((resolve) => setTimeout(resolve, 20));
  const outage = await echoes.stop();
  const frames = framesSince(struckMs);
  const takenMs = Math.min(...frames.filter(({ by }) => by === nameOf(next)).map(({ atMs }) => atMs));
  return { ...outage, takenMs: Math.round(takenMs - struckMs) };
}

function framesSince(atMs: number) {
  return [...ports].flatMap(([worker, { frames }]) =>
    frames
      .slice(framesFrom.get(worker) ?? 0)
      .filter((frame) => frame.atMs >= atMs)
      .map((frame) => ({ by: nameOf(worker), atMs: frame.atMs })),
  );
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
cluster.reports.delete(nameOf(restarted));
const exitCode = await cluster.stop(restarted);
cluster.start(restarted);
while (cluster.reports.get(nameOf(restarted))?.lease?.held.length !== 1)
  await new Promise((resolve) => setTimeout(resolve, 20));
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
while (cluster.holders(IP)[0] !== target) await new Promise((resolve) => setTimeout(resolve, 20));
await duringMove.more(50);
const move = await duringMove.stop();

// All at once.
const afterAll = startEchoes(POD);
await afterAll.more(30);
await Promise.all(WORKERS.map((worker) => cluster.kill(worker)));
cluster.reports.clear();
for (const worker of WORKERS) cluster.start(worker);
await cluster.settled(IP);
await afterAll.more(50);
const blackout = await afterAll.stop();

const seen = holdersSeen(framesSince(0));
const takenBy = cluster.takenBy(IP);

// Without agents and gates both answer, and the capture must show it.
await Promise.all(WORKERS.map((worker) => cluster.kill(worker)));
await Promise.all(
  GATEWAYS.map((worker) =>
    sh(nameOf(worker), `nft delete table netdev sallyport_lease; ip address add ${IP}/32 dev eth0 || true`),
  ),
);
framesFrom = new Map([...ports].map(([worker, { frames }]) => [worker, frames.length]));
await new Promise((resolve) => setTimeout(resolve, NEGATIVE_CONTROL_MS));
const control = holdersSeen(framesSince(0)).length;

console.log(JSON.stringify({ outages, restart, move, blackout, seen, takenBy, control }));
process.exit(0);
