/**
 * A stranger uses a floating IP before anybody of us held it, and another one later; then a gateway whose gate has failed.
 * The outside host plays the stranger.
 */
import { setTimeout as delay } from "node:timers/promises";
import { until } from "../../lab/until.ts";
import { deviceOf, exitCode } from "../gate/segment.ts";
import { sh } from "../network.ts";
import { startCluster } from "./cluster.ts";
import { floating, nameOf, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const GATEWAYS = [2, 3] as const;
const [IP, TAKEN] = [floating(1), floating(2)];
const SELF_CHECK_MS = 10_000;
const patience = { timeoutMs: 2.5 * SELF_CHECK_MS };

const cluster = await startCluster(
  [IP, TAKEN].map((ip, index) => ({ ip, id: index + 1, candidates: GATEWAYS.map(nameOf), holder: null })),
  { prepare: () => sh("outside", `ip address add ${TAKEN}/32 dev eth0`) },
);
const stranger = (await deviceOf("outside")).mac;
const ports = await watchPorts(GATEWAYS, IP, false);
const holder = await cluster.settled(IP);
const standby = holder === 2 ? 3 : 2;

const logged = (worker: Worker, text: string) => {
  const lines = cluster.agent(worker).lines;
  return lines.map(({ msg }) => String(msg)).filter((msg) => msg.includes(text));
};
const told = (worker: Worker, text: string) =>
  until(`${nameOf(worker)} to say "${text}"`, () => logged(worker, text).at(-1), patience);

// In use before the first grant.
await Promise.all(GATEWAYS.map((worker) => told(worker, "did not take")));
const refused = logged(holder, "did not take")[0]?.replace(stranger, "STRANGER");
const takenMeanwhile = cluster.holders(TAKEN).length;

// In use later: the stranger says so again and again.
const isAnnouncement = (text = "") => text.includes(`who-has ${IP}`) && text.includes(`tell ${IP}`);
const strangerBegan = Date.now();
await sh("outside", `ip address add ${IP}/32 dev eth0`);
await exitCode("outside", "arping", "-U", "-c", "1", "-I", "eth0", "-s", IP, IP);
const inUse = `${IP} is used by ${stranger}`;
const reported = (await told(holder, inUse)).replace(stranger, "STRANGER");
await until("another report", () => logged(holder, inUse).length > 1, patience);
const announcements = ports
  .since(strangerBegan)
  .filter(({ by, text }) => by === nameOf(holder) && isAnnouncement(text));
const seconds = (Date.now() - strangerBegan) / 1_000;
const keptBy = cluster.holders(IP);
await sh("outside", `ip address delete ${IP}/32 dev eth0`);

// The standby's gate is gone, and its agent cannot put it back.
const { mac } = await deviceOf(nameOf(standby));
const elements = sh(
  nameOf(holder),
  `timeout 25 nft monitor elements | grep --line-buffered ' mine ' > /run/mine || true`,
);
await delay(300);
cluster.agent(standby).child.kill("SIGSTOP");
await sh(nameOf(standby), `nft delete table netdev sallyport_lease; ip address add ${IP}/32 dev eth0`);
await exitCode(nameOf(standby), "arping", "-U", "-c", "1", "-I", "eth0", "-s", IP, IP);
const failure = (await told(holder, "the gate has failed")).replace(mac, "STANDBY");
const ofAddress = async () => (await sh(null, "cat /run/mine")).split("\n").filter((line) => line.includes(IP));
await until("the address to be back", async () => (await ofAddress()).length >= 2);
const writes = (await ofAddress()).slice(0, 2).map((line) => line.split(" ")[0]);
await until("the holder to answer for it", () => cluster.holders(IP).includes(holder));
void elements;

console.log(
  JSON.stringify({
    ...{ refused, takenMeanwhile },
    ...{ reported, announcements: announcements.length, seconds, kept: keptBy.length === 1 && keptBy[0] === holder },
    ...{ failure, writes },
  }),
);
process.exit(0);
