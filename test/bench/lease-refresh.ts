/**
 * What it costs to keep a lease: a request on loopback and the kernel's echo, against starting nft to write the element
 * anew. Beside it, what the other writes to the gate cost, and one start of a program that does nothing.
 *
 *     unshare -rn node test/bench/lease-refresh.ts [ROUNDS]
 */
import { randomBytes } from "node:crypto";
import { openLeaseGate } from "../../nodeagent/gate/kernel-gate.ts";
import { createNft } from "../../nodeagent/kernel/nft/nft.ts";
import { run } from "../../nodeagent/kernel/run.ts";

const rounds = Number(process.argv[2] ?? 200);
const REFRESHES_PER_ROUND = 10;
const IP = "192.168.1.100";
const scope = { underlay: "lo", floatingIPs: [IP], gatewayMacs: [] };

await run("ip", ["link", "set", "lo", "up"]);
const opened = await openLeaseGate({
  nft: createNft(),
  key: randomBytes(16).toString("hex"),
  nowMs: () => performance.now(),
});
if (typeof opened === "string") throw new Error(opened);
const gate = opened;
await gate.guard(scope);
await gate.replaceMine(1, []);

interface Row {
  readonly elapsedMs: number[];
  cpuMs: number;
}

const rows = new Map<string, Row>();

async function measure(name: string, work: () => Promise<unknown>): Promise<void> {
  const row = rows.get(name) ?? { elapsedMs: [], cpuMs: 0 };
  rows.set(name, row);
  const cpu = process.cpuUsage();
  const startedAtMs = performance.now();
  const result = await work();
  row.elapsedMs.push(performance.now() - startedAtMs);
  const { user, system } = process.cpuUsage(cpu);
  row.cpuMs += (user + system) / 1_000;
  if (result === false) throw new Error(`${name} was not confirmed`);
}

let number = 0;
for (let round = 0; round < rounds; round++) {
  for (let i = 0; i < REFRESHES_PER_ROUND; i++) {
    number += 1;
    await measure("arm and refresh, both echoed", async () => (await gate.arm(number)) && gate.refresh(number));
  }
  const element = "{ 0 timeout 450ms expires 450ms }";
  await measure("nft writes the element anew", () =>
    run("nft", ["add", "element", "netdev", "sallyport_lease", "lease", element]),
  );
  await measure("an address is added", () => gate.changeMine([IP], []));
  await measure("an address is removed", () => gate.changeMine([], [IP]));
  await measure("the state is read", () => gate.readState());
  await measure("a program that does nothing", () => run("true", []));
}
gate.close();

const quantile = (values: readonly number[], share: number) =>
  values.toSorted((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
const reference = quantile(rows.get("nft writes the element anew")?.elapsedMs ?? [], 0.5);
for (const [name, { elapsedMs, cpuMs }] of rows) {
  const [median, p99] = [quantile(elapsedMs, 0.5), quantile(elapsedMs, 0.99)];
  const own = `own CPU ${(cpuMs / elapsedMs.length).toFixed(3)} ms`;
  console.log(
    `${name.padEnd(30)} median ${median.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms, ${own}, ${(median / reference).toFixed(3)} of nft`,
  );
}
