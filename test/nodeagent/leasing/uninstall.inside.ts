/** The holder's agent is stopped in order, and its node is uninstalled: what that costs a pod of another node, and what is left. */
import { join } from "node:path";
import { execa } from "execa";
import { sh } from "../network.ts";
import { startCluster, WORKERS } from "./cluster.ts";
import { holdersSeen } from "./holders-seen.ts";
import { startEchoes } from "./outage.ts";
import { floating, nameOf, podAddress, type Worker } from "./place.ts";
import { watchPorts } from "./ports.ts";

const SOURCE: Worker = 1;
const GATEWAYS = [2, 3] as const;
const ADDRESS = { ip: floating(1), id: 1 };

/** Everything of the kernel's that an agent may touch, without what counts and what settles by itself. */
const everything = (worker: Worker) =>
  sh(
    nameOf(worker),
    `nft -s list ruleset; ip -4 rule show; ip -6 rule show; ip -4 route show table all; ip -o link show | cut -d: -f2
     ip -o -4 address show; ip neigh show nud permanent; sysctl -a 2>/dev/null | grep -E 'rp_filter|src_valid|forward'`,
  );

const before = new Map<Worker, string>();
const cluster = await startCluster([{ ...ADDRESS, candidates: GATEWAYS.map(nameOf), holder: null }], {
  prepare: async () => {
    for (const worker of GATEWAYS) before.set(worker, await everything(worker));
  },
});
const holder = await cluster.settled(ADDRESS.ip);
const other = holder === 2 ? 3 : 2;
const ports = await watchPorts(GATEWAYS, ADDRESS.ip);
const echoes = startEchoes(podAddress(SOURCE, ADDRESS));
await echoes.more(30);

const uninstall = () => {
  const sallyport = new URL("../../../cli/sallyport.js", import.meta.url).pathname;
  const stateFile = join(cluster.folderOf(holder), "state.json");
  const command = [process.execPath, sallyport, "uninstall", "--state-file", stateFile];
  return execa("nsenter", [`--net=/run/netns/${nameOf(holder)}`, ...command], { reject: false });
};
const whileItRuns = (await uninstall()).exitCode;
await cluster.stop(holder);
await echoes.more(30);
const begunMs = performance.now();
const { stdout, stderr } = await uninstall();
await cluster.settled(ADDRESS.ip, holder);
const takenAfterMs = Math.round(performance.now() - begunMs);
await echoes.more(50);
const outage = await echoes.stop();
const seen = holdersSeen(ports.since(0));
const linesOnlyIn = (text: string, otherText: string) => {
  const others = new Set(otherText.split("\n"));
  return text.split("\n").filter((line) => !others.has(line));
};
const [was = "", is] = [before.get(holder), await everything(holder)];
console.log(
  JSON.stringify({
    ...{ whileItRuns, removed: stdout.split("\n"), stderr, takenAfterMs, ...outage },
    ...{ left: linesOnlyIn(is, was), gone: linesOnlyIn(was, is), again: (await uninstall()).stdout },
    ...{ seen, expected: [nameOf(holder), nameOf(other)] },
  }),
);
for (const worker of WORKERS) if (worker !== holder) await cluster.kill(worker);
process.exit(0);
