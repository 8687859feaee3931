import { sh } from "../network.ts";
import { type Agent, createCluster } from "./cluster.ts";
import { contract } from "./contract.ts";
import { kernelPlace } from "./places.ts";

const outcome: Record<string, string> = {};

const ips6 = ["fd00:1::1", "fd00:1::2", "fd00:1::3", "fd00:1::4"];
await sh(null, ips6.map((ip) => `ip address add ${ip}/128 dev lo nodad`).join("; "));
for (const { name, run } of contract) {
  const cluster = createCluster(kernelPlace(ips6));
  outcome[name] = await run(cluster).then(
    () => "holds",
    (error: Error) => error.message,
  );
  cluster.close();
}

const place = kernelPlace(["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"]);
const cluster = createCluster(place);
const addLate = () => sh(null, "ip address add 10.0.0.1/32 dev lo");
await sh(null, "ip address add 10.0.0.2/32 dev lo");

const [a, b] = ["a", "b"].map(cluster.start) as [Agent, Agent];
for (const agent of [a, b]) agent.follow(agent.ip, cluster.peersOf(agent.node));
await place.until(() => a.logged.includes("cannot talk to other nodes"));
await addLate();
outcome.late = await heard("late");

await sh(null, "ip address delete 10.0.0.1/32 dev lo");
outcome.gone = await whyNotSent("b");
await addLate();
outcome.back = await heard("back");

outcome.unreachable = await whyNotSent("c");
await sh(
  null,
  `nft add table inet t
   nft 'add chain inet t out { type filter hook output priority 0; }'
   nft add rule inet t out ip daddr 10.0.0.2 udp dport ${place.port} drop`,
);
outcome.forbidden = await whyNotSent("b");
await sh(null, "nft delete table inet t");
outcome.afterwards = await heard("afterwards");
cluster.close();
console.log(JSON.stringify(outcome));

async function heard(message: string): Promise<string> {
  await place.until(() => {
    a.send("b", message);
    return b.heard.some(([, said]) => said === message);
  });
  return "heard";
}

/** The newest reason. */
async function whyNotSent(to: string): Promise<string> {
  const before = new Map(a.counts().notSent);
  const fresh = () => [...a.counts().notSent].filter(([why, count]) => count > (before.get(why) ?? 0));
  await place.until(() => {
    a.send(to, 1);
    return fresh().length > 0;
  });
  return fresh()
    .map(([why]) => why)
    .join(", ");
}
