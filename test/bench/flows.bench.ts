/**
 * Flows through a gateway that is lost: connections on which only the server speaks, connections on which only the pod
 * speaks, and datagrams that are answered. How many go on, and how long they were silent. As root:
 *
 *     node test/bench/flows.bench.ts [--mode stateful|stateless] [--connections 1000] [--rounds 3]
 *
 * What is told is the state 20 s after the loss. Bounds: stateless 100 %, stateful 99.9 %; a stateful gateway's flows are
 * not created again at a take-over yet, so that downloads wait until the pod speaks.
 */
import { loadavg } from "node:os";
import { setTimeout as delay } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { GatewayMode } from "../../policies/nodestate.ts";
import { until } from "../lab/until.ts";
import { agentsRun } from "../soak/agents.ts";
import { type Cluster, openCluster } from "../soak/cluster.ts";
import { LOSSES, type LossKind } from "../soak/losses.ts";
import { PROBED_IP } from "../soak/manifests.ts";
import { startAsked } from "../soak/place.ts";
import { quantile } from "../soak/summary.ts";
import type { Kind, Silence } from "./flows/flows.ts";

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "stateful" },
    connections: { type: "string", default: "1000" },
    rounds: { type: "string", default: "3" },
  },
});
const DATAGRAM_FLOWS = 200;
const KINDS: readonly LossKind[] = ["killed", "links down", "cut off"];
const WATCHED_MS = 20_000;
const OPEN_WITHIN_MS = 60_000;

const cluster = await openCluster(`flows-${process.pid}`, values.mode as GatewayMode, (wrong) => {
  throw new Error(wrong);
});
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.once(signal, () => cluster.lab.down().then(() => process.exit(130)));
const { lab, probes, senders } = cluster;
const { name, ip } = lab.topology.outside;
const server = startAsked<Silence>(lab, name, new URL("flows/server.ts", import.meta.url), ip);
console.log(
  `${values.mode}, ${values.connections} downloads and uploads each, ${DATAGRAM_FLOWS} of datagrams, load ${loadavg()[0]?.toFixed(1)}`,
);
try {
  const lost = new Map<string, Record<Kind, Silence>[]>();
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const kind of KINDS) lost.set(kind, [...(lost.get(kind) ?? []), await suffer(cluster, kind)]);
  }
  console.table(
    [...lost].flatMap(([kind, results]) =>
      (["download", "upload", "udp"] as const).map((of) => row(kind, of, results)),
    ),
  );
} finally {
  await lab.down();
}

async function suffer({ lab }: Cluster, kind: LossKind): Promise<Record<Kind, Silence>> {
  const node = senders.now(PROBED_IP) ?? "";
  const client = await openFlows(node);
  await Promise.all([client.ask({ mark: true }), server.ask({ mark: true })]);
  await LOSSES[kind].strike(lab, node);
  await delay(WATCHED_MS);
  const [{ download, udp }, upload] = await Promise.all([client.ask({}), server.ask({})]);
  await LOSSES[kind].heal(lab, node);
  await agentsRun(lab);
  await client.ask({ end: true });
  await server.ask({ clear: true });
  await until(
    "the lost node's own pod to be answered",
    async () => {
      const pulses = await Promise.all(probes.map(({ pulse }) => pulse.ask({})));
      return pulses.every(({ icmpSilentMs }) => icmpSilentMs < 200);
    },
    { timeoutMs: OPEN_WITHIN_MS },
  );
  return { download, upload, udp };
}

/** From a pod on a node that stays. */
async function openFlows(lost: string) {
  const at = probes.findIndex(({ node }) => node !== lost);
  const script = new URL("flows/client.ts", import.meta.url);
  const client = startAsked<Record<"download" | "udp", Silence>>(
    lab,
    `probe-${at}`,
    script,
    ip,
    values.connections,
    String(DATAGRAM_FLOWS),
  );
  await until(
    "all flows",
    async () => {
      const [{ download, udp }, upload] = await Promise.all([client.ask({}), server.ask({})]);
      return (
        download.alive === Number(values.connections) && upload.alive === download.alive && udp.alive === DATAGRAM_FLOWS
      );
    },
    { timeoutMs: OPEN_WITHIN_MS, intervalMs: 500 },
  );
  return client;
}

function row(kind: string, of: Kind, results: readonly Record<Kind, Silence>[]) {
  const longestMs = results.flatMap((result) => result[of].longestMs);
  const alive = results.reduce((sum, result) => sum + result[of].alive, 0);
  return {
    lost: kind,
    flows: of,
    times: results.length,
    "kept %": ((100 * alive) / longestMs.length).toFixed(2),
    "silent median ms": quantile(longestMs, 0.5),
    "p99 ms": quantile(longestMs, 0.99),
    "most ms": quantile(longestMs, 1),
  };
}
