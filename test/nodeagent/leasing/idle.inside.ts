/**
 * What an agent costs that holds addresses and has nothing else to do.
 *
 *     node idle.inside.ts ADDRESSES SECONDS
 */
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { startCluster, WORKERS } from "./cluster.ts";
import { floating, nameOf } from "./place.ts";

const [addresses = 3, seconds = 30] = process.argv.slice(2).map(Number);
/** USER_HZ, the same on all architectures that Node runs on (proc(5)). */
const TICKS_PER_SECOND = 100;

const ids = Array.from({ length: addresses }, (_, index) => index + 1);
const cluster = await startCluster(
  ids.map((id) => ({
    ip: floating(id),
    id,
    candidates: WORKERS.map((_, at) => nameOf(WORKERS[(at + id) % 3] ?? 1)),
    holder: null,
  })),
);
for (const id of ids) await cluster.settled(floating(id));
await delay(3_000);
const pids = WORKERS.map((worker) => cluster.agent(worker).child.pid);

/** With the programs it started, of itself, and its memory. */
async function costs(pid: number | undefined) {
  const [stat, status] = await Promise.all([
    readFile(`/proc/${pid}/stat`, "utf8"),
    readFile(`/proc/${pid}/status`, "utf8"),
  ]);
  const fields = stat
    .slice(stat.lastIndexOf(")") + 2)
    .split(" ")
    .map(Number);
  const [user = 0, system = 0, childUser = 0, childSystem = 0] = fields.slice(11, 15);
  return {
    own: user + system,
    all: user + system + childUser + childSystem,
    rssMB: Math.round(Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024),
  };
}

const before = await Promise.all(pids.map(costs));
await delay(seconds * 1_000);
const after = await Promise.all(pids.map(costs));
const percent = (ticks: number) => Math.round((1_000 * ticks) / TICKS_PER_SECOND / seconds) / 10;
console.log(
  JSON.stringify(
    after.map(({ own, all, rssMB }, at) => ({
      ownPercent: percent(own - (before[at]?.own ?? 0)),
      withProgramsPercent: percent(all - (before[at]?.all ?? 0)),
      rssMB,
    })),
  ),
);
process.exit(0);
