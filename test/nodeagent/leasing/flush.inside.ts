/**
 * Somebody flushes the ruleset of the holder, of a standby, of a source node, while a pod of another node and one of the
 * holder's own send all the time.
 *
 *     node flush.inside.ts TIMES
 */
import { until } from "../../lab/until.ts";
import { countDatagrams, datagramsSeen, sendDatagrams, wrongSources } from "../datagrams.ts";
import { sh } from "../network.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";
import { floating, nameOf, podAddress, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const times = Number(process.argv[2] ?? 1);
const SOURCE: Worker = 1;
const ADDRESS = { ip: floating(1), id: 1 };
const IP = ADDRESS.ip;

const cluster = await startCluster([
  { ...ADDRESS, candidates: [2, 3].map((worker) => nameOf(worker as Worker)), holder: null },
]);
const holder = await cluster.settled(IP);
const ports = await watchPorts([2, 3], IP);
await countDatagrams();
for (const worker of [SOURCE, holder]) await sendDatagrams(podAddress(worker, ADDRESS));
for (const worker of WORKERS) {
  await sh(
    nameOf(worker),
    `nft list table ip cni > /run/cni-${worker}.nft; sed -i '1i table ip cni\\ndelete table ip cni' /run/cni-${worker}.nft`,
  );
}

const tables = (worker: Worker) => sh(nameOf(worker), "nft list tables");

async function flush(worker: Worker) {
  const flows = async () => (await datagramsSeen()).get(`${IP} 9002`) ?? 0;
  await until("traffic", async () => (await flows()) > 5);
  const echoes = startEchoes(podAddress(SOURCE, ADDRESS));
  await echoes.more(30);
  const before = await tables(worker);
  await datagramsSeen();
  const startedMs = performance.now();
  await sh(nameOf(worker), `nft -f - <<END\nflush ruleset\nEND\nnft -f /run/cni-${worker}.nft`);
  await until("a repair", async () => (await tables(worker)).length >= before.length, { intervalMs: 1 });
  const repairedAfterMs = Math.round(performance.now() - startedMs);
  await echoes.more(60);
  const seen = await datagramsSeen();
  return { wrong: wrongSources(seen, IP), repairedAfterMs, ...(await echoes.stop()) };
}

const outcomes: Record<string, unknown[]> = { holder: [], standby: [], source: [] };
for (let time = 0; time < times; time += 1) {
  const [now = holder] = cluster.holders(IP);
  outcomes.holder?.push(await flush(now));
  outcomes.standby?.push(await flush(now === 2 ? 3 : 2));
  outcomes.source?.push(await flush(SOURCE));
}
const seen = holdersSeen(ports.since(0));
const takenBy = cluster.takenBy(IP);
for (const worker of WORKERS) await cluster.kill(worker);
const control = holdersSeen(await ports.withoutGates()).length;
console.log(JSON.stringify({ outcomes, seen, takenBy, control }));
process.exit(0);
