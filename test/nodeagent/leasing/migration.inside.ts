/** An address that was held by plan, then by lease, then by plan again, while a pod on another node sends through it. */
import { until } from "../../lab/until.ts";
import { sh, startWitness } from "../network.ts";
import { PLAN } from "../plan.ts";
import { floating, nameOf, startCluster } from "./cluster.ts";
import { startEchoes } from "./outage.ts";

const IP = floating(1);
const HOLDER = 2;
const cluster = await startCluster([{ ip: IP, id: 1, candidates: [nameOf(HOLDER)], holder: null }], { holder: HOLDER });
await startWitness();
const report = () => cluster.reports.get(nameOf(HOLDER));
const gateStands = async () => (await sh(nameOf(HOLDER), "nft list tables")).includes("sallyport_lease");
await until("the address", () => report()?.kernel.held.includes(IP));

const echoes = startEchoes(PLAN[4].pod(1, 1));
await echoes.more(30);
cluster.order((address) => address);
await cluster.settled(IP);
const byLease = { lease: report()?.lease?.held.map(({ ip, epoch }) => ({ ip, epoch })), gate: await gateStands() };
await echoes.more(100);
cluster.withoutLease(HOLDER);
await until("the end of the lease", () => report()?.lease === null);
await until("the end of the gate", async () => !(await gateStands()));
const byPlan = report()?.kernel.held;
await echoes.more(100);
cluster.order((address) => address);
await cluster.settled(IP);
await echoes.more(100);
const again = report()?.lease?.held.map(({ ip }) => ip);
console.log(JSON.stringify({ byLease, byPlan, again, ...(await echoes.stop()) }));
process.exit(0);
