/**
 * Two nodes, and the reconciler as their third witness: a node is lost with the reconciler, after it has started anew, and
 * while it is away.
 */
import { until } from "../../lab/until.ts";
import { exitCode } from "../gate/segment.ts";
import { sh } from "../network.ts";
import { startCluster } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";
import { floating, nameOf, podAddress, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const WORKERS = [1, 2] as const;
const ADDRESS = { ip: floating(1), id: 1 };
const IP = ADDRESS.ip;

const cluster = await startCluster([{ ...ADDRESS, candidates: WORKERS.map(nameOf), holder: null }], {
  workers: WORKERS,
  reconciler: true,
});
let holder = await cluster.settled(IP);
const ports = await watchPorts(WORKERS, IP);
const otherThan = (worker: Worker): Worker => (worker === 1 ? 2 : 1);
const leaseOf = (worker: Worker) => cluster.reports.get(nameOf(worker))?.lease;

async function lose(strike: (holder: Worker) => Promise<unknown>, heal: (holder: Worker) => Promise<unknown>) {
  const lost = holder;
  const echoes = startEchoes(podAddress(otherThan(lost), ADDRESS));
  await echoes.more(30);
  await strike(lost);
  holder = await cluster.settled(IP, lost);
  await echoes.more(50);
  const outage = await echoes.stop();
  cluster.forget(lost);
  await heal(lost);
  await until(`${nameOf(lost)} to be back`, () => leaseOf(lost)?.held.length === 0);
  return outage;
}

const kill = (worker: Worker) => cluster.kill(worker);
const start = async (worker: Worker) => cluster.start(worker);

const frozen = await lose(
  async (worker) => cluster.agent(worker).child.kill("SIGSTOP"),
  async (worker) => cluster.agent(worker).child.kill("SIGCONT"),
);
const cut = await lose(
  (worker) => sh(null, `ip link set port-${nameOf(worker)} down`),
  (worker) => sh(null, `ip link set port-${nameOf(worker)} up`),
);

// It has forgotten everything, and is another witness.
const echoes = startEchoes(podAddress(otherThan(holder), ADDRESS));
await echoes.more(30);
const members = [...WORKERS.map((worker) => cluster.witnessOf(worker)), cluster.restartReconciler()].sort();
cluster.order(
  (address) => address,
  (worker) => ({ targetWitnesses: worker === 1 ? members : null }),
);
await until(
  "the new witness",
  () => leaseOf(1)?.witnessesSettled && leaseOf(1)?.witnesses.members.join() === members.join(),
  { timeoutMs: 20_000 },
);
const restarted = await echoes.stop();
const killed = await lose(kill, start);

// Both nodes are a majority without it; one is not.
const alone = startEchoes(podAddress(otherThan(holder), ADDRESS));
await alone.more(30);
cluster.setAway(true);
await alone.more(150);
const away = await alone.stop();
const lostMs = Date.now();
const lost = holder;
await cluster.kill(lost);
const isAnswered = async () =>
  (await exitCode("outside", "arping", "-c", "8", "-w", "2", "-i", "0.2", "-I", "eth0", IP)) === 0;
const answeredAlone = await isAnswered().then(isAnswered);
const framesLater = ports.since(lostMs + 1_000).length;
cluster.setAway(false);
const takenBack = await cluster.settled(IP, lost);
await until("frames of it", () => holdersSeen(ports.since(0)).at(-1) === nameOf(takenBack));

const seen = holdersSeen(ports.since(0));
const takenBy = cluster.takenBy(IP);
await cluster.kill(takenBack);
const control = holdersSeen(await ports.withoutGates()).length;
console.log(
  JSON.stringify({ frozen, cut, restarted, killed, away, answeredAlone, framesLater, seen, takenBy, control }),
);
process.exit(0);
