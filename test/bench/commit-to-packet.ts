/**
 * From `git push` to the first packet that leaves with the new address, and what the processes weigh, in a lab of three
 * nodes. Beside it, as the floor on this machine: one push that changes nothing for traffic, and one request.
 *
 *     node test/bench/commit-to-packet.ts [COMMITS]
 */
import { Workstation } from "../lab/demo/workstation.ts";
import { firstOutcome, Lab } from "../lab/lab.ts";
import { until } from "../lab/until.ts";

const POD = "alice/frontend-1";
const commits = Number(process.argv[2] ?? 20);

await using lab = await Lab.start("bench", { nodes: 3, manifests: "examples/quickstart" }, () => {});
await firstOutcome(lab);
const station = await Workstation.clone(lab);
const group = await station.git("show", "HEAD:default-gateway-group.yaml");
const policy = await station.git("show", "HEAD:alice-paul.yaml");
station.write(
  "gateway1.yaml",
  `${group.slice(0, group.indexOf("spec:"))}spec:\n  floatingIPs: [192.168.1.101]\n`.replace(
    "name: default",
    "name: gateway1",
  ),
);
await station.push("A second group");

const elapsedMs: number[] = [];
const pushMs: number[] = [];
const requestMs: number[] = [];
for (let i = 0; i < commits; i++) {
  const [name, source] = i % 2 === 0 ? ["gateway1", "192.168.1.101"] : ["default", "192.168.1.100"];
  station.write("alice-paul.yaml", `${policy.replace("name: default", `name: ${name}`)}\n`);
  const { commit, pushedAtMs } = await station.push(`Leave as ${source}`);
  pushMs.push(performance.now() - pushedAtMs);
  await until(source as string, async () => (await lab.sourceSeen(POD, 1_000)) === source, { intervalMs: 1 });
  elapsedMs.push(performance.now() - pushedAtMs);
  const requestedAtMs = performance.now();
  await lab.sourceSeen(POD);
  requestMs.push(performance.now() - requestedAtMs);
  await until("applied", async () => {
    const head = (await lab.reconcilerStatus())?.head;
    return head?.commit === commit && head.outcome === "applied";
  });
}

const sorted = (values: number[]): number[] => values.toSorted((a, b) => a - b);
const row = (name: string, values: number[]): void => {
  const median = sorted(values)[Math.floor(values.length / 2)] as number;
  console.log(`${name.padEnd(32)} median ${median.toFixed(0)} ms, maximum ${Math.max(...values).toFixed(0)} ms`);
};
row(`commit to packet (${commits} commits)`, elapsedMs);
row("of which git push", pushMs);
row("one request from the pod", requestMs);
for (const { name, pid } of await lab.processes()) {
  const { stdout } = await lab.exec("control", ["grep", "VmRSS", `/proc/${pid}/status`]);
  console.log(`${name.padEnd(32)} ${stdout.replace(/\s+/g, " ")}`);
}
