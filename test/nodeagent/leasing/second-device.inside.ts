/** Each node has a second device, in another subnet; one floating IP is of that subnet, one of the underlay's. */
import { until } from "../../lab/until.ts";
import { sh } from "../network.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { floating, nameOf } from "./place.ts";

const IP = floating(1);
const BESIDE = "10.20.0.100";

const cluster = await startCluster(
  [IP, BESIDE].map((ip, index) => ({
    ip,
    id: index + 1,
    candidates: [2, 3].map((w) => nameOf(w as 2 | 3)),
    holder: null,
  })),
  {
    prepare: async () => {
      for (const worker of WORKERS) {
        await sh(
          nameOf(worker),
          `ip link add eth1 type veth peer name far1; ip link set eth1 up; ip link set far1 up; ip address add 10.20.0.${worker}/24 dev eth1`,
        );
      }
    },
  },
);
await cluster.settled(IP);
const words = (worker: 2 | 3) => {
  const said = cluster.agent(worker).lines.map(({ msg }) => String(msg));
  return said.filter((msg) => msg.includes(BESIDE));
};
await until("both to say why", () => words(2).length > 0 && words(3).length > 0);
const holder = cluster.holders(IP)[0] === 3 ? 3 : 2;
console.log(
  JSON.stringify({
    said: words(holder)[0],
    times: words(holder).length,
    held: [...cluster.reports.values()].flatMap(({ lease }) => lease?.held.map(({ ip }) => ip) ?? []),
    configured: await Promise.all(
      WORKERS.map((worker) => sh(nameOf(worker), "ip -o address show dev eth1 | grep -c 0.100 || true")),
    ),
    errors: [...cluster.reports.values()].flatMap(({ error }) => error ?? []),
  }),
);
process.exit(0);
