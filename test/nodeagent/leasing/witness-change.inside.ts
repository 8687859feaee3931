/**
 * A witness leaves and another joins, then one loses its disk, while an address is moved each time; at last its holder is
 * lost, and only witnesses of the last set are there.
 */
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { until } from "../../lab/until.ts";
import { startCluster } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { floating, nameOf, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const WORKERS: readonly Worker[] = [1, 2, 3, 4];
const GATEWAYS = [2, 4] as const;
const COORDINATOR: Worker = 2;
const IP = floating(1);

const cluster = await startCluster([{ ip: IP, id: 1, candidates: [nameOf(2)], holder: null }], {
  workers: WORKERS,
  witnesses: [1, 2, 3],
});
await cluster.settled(IP);
const ports = await watchPorts(GATEWAYS, IP);
const leaseOf = (worker: Worker) => cluster.reports.get(nameOf(worker))?.lease;

/** Moves the address, and with the same order asks for other witnesses. Resolves when both have come about. */
async function change(to: (typeof GATEWAYS)[number], witnesses: readonly string[]) {
  const [from = to] = cluster.holders(IP);
  const epoch = leaseOf(from)?.held[0]?.epoch ?? 0;
  const target = [...witnesses].sort();
  cluster.order(
    (address) => ({
      ...address,
      candidates: [to, ...GATEWAYS.filter((worker) => worker !== to)].map((worker) => nameOf(worker)),
      holder: { node: nameOf(from), epoch },
      releaseEpoch: epoch,
    }),
    (worker) => ({ targetWitnesses: worker === COORDINATOR ? target : null }),
  );
  await until("the move", () => cluster.holders(IP).join() === String(to));
  const settled = () => {
    const lease = leaseOf(COORDINATOR);
    return lease?.witnessesSettled && lease.witnesses.members.join() === target.join() ? lease.witnesses : undefined;
  };
  return until("the witnesses", settled, { timeoutMs: 20_000 });
}

const joined = await change(
  4,
  [2, 3, 4].map((worker) => cluster.witnessOf(worker as Worker)),
);
await cluster.kill(1);

const lost = cluster.witnessOf(3);
await cluster.kill(3);
await rm(join(cluster.folderOf(3), "lease.json"));
cluster.forget(3);
cluster.start(3);
await until("the new disk's name", () => cluster.reports.get(nameOf(3))?.identity?.witness);
const renamed = cluster.witnessOf(3) !== lost;
const replaced = await change(
  2,
  [2, 3, 4].map((worker) => cluster.witnessOf(worker as Worker)),
);

await cluster.kill(2);
const taker = await cluster.settled(IP, 2);
const versions = () => ([3, 4] as const).map((worker) => leaseOf(worker)?.witnesses.version);
await until("both to report the last set", () => versions().every((version) => version === replaced.version));
await until("frames of the last holder", () => holdersSeen(ports.since(0)).at(-1) === nameOf(taker));
const seen = holdersSeen(ports.since(0));
const takenBy = cluster.takenBy(IP);
for (const worker of [3, 4] as const) await cluster.kill(worker);
const control = holdersSeen(await ports.withoutGates()).length;
console.log(
  JSON.stringify({
    ...{ joined: joined.version, renamed, replaced: replaced.version, versions: versions(), taker: nameOf(taker) },
    ...{ seen, takenBy, control },
  }),
);
process.exit(0);
