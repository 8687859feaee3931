/** Three nodes come up; nobody knows who holds what. */
import { seenFrom, startWitness } from "../network.ts";
import { PLAN } from "../plan.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { floating, nameOf } from "./place.ts";

const IDS = [1, 2, 3] as const;
const cluster = await startCluster(
  IDS.map((id) => ({
    ip: floating(id),
    id,
    candidates: [id, ...WORKERS.filter((worker) => worker !== id)].map(nameOf),
    holder: null,
  })),
);
await startWitness();
const holders = await Promise.all(IDS.map((id) => cluster.settled(floating(id))));
const seen: Record<string, readonly string[]> = {};
for (const worker of WORKERS) {
  seen[nameOf(worker)] = await Promise.all(IDS.map((id) => seenFrom(PLAN[4].pod(worker, id))));
}
const reports = [...cluster.reports.values()];
console.log(
  JSON.stringify({
    holders: holders.map(nameOf),
    seen,
    held: Object.fromEntries(reports.map(({ node, lease }) => [node, lease?.held ?? []])),
    configured: Object.fromEntries(reports.map(({ node, kernel }) => [node, kernel.held])),
    errors: reports.flatMap(({ error }) => error ?? []),
  }),
);
process.exit(0);
