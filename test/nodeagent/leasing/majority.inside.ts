/** Most witnesses are gone, and come back; then all nodes lose their power at once, disks and nothing else survive. */
import { until } from "../../lab/until.ts";
import { countDatagrams, datagramsSeen, sendDatagrams, wrongSources } from "../datagrams.ts";
import { exitCode } from "../gate/segment.ts";
import { sh } from "../network.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";
import { floating, nameOf, podAddress, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const SOURCE: Worker = 1;
const GATEWAYS = [2, 3] as const;
const ADDRESS = { ip: floating(1), id: 1 };
const IP = ADDRESS.ip;

const cluster = await startCluster([{ ...ADDRESS, candidates: GATEWAYS.map(nameOf), holder: null }]);
const holder = await cluster.settled(IP);
const standby = holder === 2 ? 3 : 2;
const ports = await watchPorts(GATEWAYS, IP);
await countDatagrams();
await sendDatagrams(podAddress(SOURCE, ADDRESS));

/** Whether anybody answers for the address, asked five times within a second. */
const isAnswered = async () =>
  (await exitCode("outside", "arping", "-c", "5", "-w", "1", "-i", "0.2", "-I", "eth0", IP)) === 0;

async function answeredAgain(begin: () => void) {
  const echoes = startEchoes(podAddress(SOURCE, ADDRESS));
  const startedMs = performance.now();
  begin();
  await echoes.more(20);
  const afterMs = Math.round(performance.now() - startedMs);
  await echoes.stop();
  return afterMs;
}

const lostMs = Date.now();
await Promise.all(([SOURCE, standby] as const).map((worker) => cluster.kill(worker)));
await until("the holder to know that it answers no more", () => cluster.holders(IP).length === 0);
const answeredWithout = await isAnswered();
const lastFrameMs = Math.max(...ports.since(lostMs).map(({ atMs }) => atMs - lostMs));
const framesLater = ports.since(lostMs + 1_000).length;
const oneBackMs = await answeredAgain(() => cluster.start(standby));
const keptBy = await cluster.settled(IP);
cluster.start(SOURCE);
await until("the third", () => cluster.reports.get(nameOf(SOURCE))?.outcome === "converged");

async function losePower(worker: Worker): Promise<void> {
  await cluster.kill(worker);
  await sh(nameOf(worker), `nft flush ruleset; ip link delete egvx; ip address delete ${IP}/32 dev eth0 || true`);
}
const withPower = await datagramsSeen();
await Promise.all(WORKERS.map(losePower));
// Nobody keeps the pods' packets back while no agent has begun: a node without power has no pods.
await datagramsSeen();
cluster.forget(...WORKERS);
const powerMs = await answeredAgain(() => {
  for (const worker of WORKERS) cluster.start(worker);
});
await cluster.settled(IP);

const seen = holdersSeen(ports.since(0));
const takenBy = cluster.takenBy(IP);
for (const worker of WORKERS) await cluster.kill(worker);
const control = holdersSeen(await ports.withoutGates()).length;
console.log(
  JSON.stringify({
    ...{ answeredWithout, lastFrameMs: Math.round(lastFrameMs), framesLater, oneBackMs, powerMs },
    ...{ keptBy: keptBy === holder, wrong: wrongSources(withPower, IP), seen, takenBy, control },
  }),
);
process.exit(0);
