/**
 * Inside a private place, for pod-change.bench.ts: a node that holds so many pods; one of them goes and comes again. Prints
 * figures as JSON.
 *
 *     node inside.ts PODS CHANGES
 */
import { writeFile } from "node:fs/promises";
import { execa } from "execa";
import { type ConvergeInput, converge } from "../../../nodeagent/converge.ts";
import { openKernel } from "../../../nodeagent/kernel/kernel.ts";
import type { ObservedKernel } from "../../../nodeagent/observe.ts";
import { attachmentsOf, NODE_IP, podIP, podMac, stateOf, worldOf } from "../forwarding/world.ts";
import { watchPods } from "../kernel-events.ts";
import { timeUntil } from "../measure.ts";

const [pods = 10, changes = 30] = process.argv.slice(2).map(Number);
const world = worldOf(pods);
const [CHANGED, key] = [podIP(0), `${podIP(0)} . ${podMac(0)}`];
const others = Array.from({ length: pods - 1 }, (_, pod) => `${podIP(pod + 1)} . ${podMac(pod + 1)}`);

await execa("sh", [
  "-ec",
  `ip link add eth0 type veth peer name far; ip address add ${NODE_IP}/16 dev eth0
   ip link set eth0 up; ip link set far up; echo 1 > /proc/sys/net/ipv4/ip_forward`,
]);
/** As large as ours: marks, which the kernel does not look into; and verdicts in use, whose chains it checks with each change. */
const BARE = { bare: "1", verdicts: "return" } as const;
await writeFile(
  "/run/bare.nft",
  `table inet bare { map pods { typeof ip saddr . ether saddr : meta mark; }
   }
   table inet verdicts { map pods { typeof ip saddr . ether saddr : verdict; }
     chain pre { type filter hook prerouting priority 0; ip saddr . ether saddr vmap @pods
     }
   }
   ${Object.entries(BARE)
     .flatMap(([table, value]) => fill(table, value))
     .join("\n")}`,
);
await execa("nft", ["-f", "/run/bare.nft"]);

function fill(table: string, value: string): readonly string[] {
  const elements = others.map((other) => `${other} : ${value}`);
  return chunks(elements, 10_000).map((some) => `add element inet ${table} pods { ${some.join(", ")} }`);
}

const nftMs: number[] = [];
const opened = openKernel();
const kernel = {
  ...opened,
  nft: {
    ...opened.nft,
    async apply(...args: Parameters<typeof opened.nft.apply>) {
      const startedMs = performance.now();
      await opened.nft.apply(...args);
      nftMs.push(performance.now() - startedMs);
    },
  },
};
const state = stateOf("source", world, "stateful");
const attachments = attachmentsOf(world);
const all: ConvergeInput = { state, attachments, interfaceName: null };
const without = { ...all, attachments: attachments.slice(1) };
const write = (verb: "add" | "delete", table: keyof typeof BARE) =>
  execa("nft", [verb, "element", "inet", table, "pods", `{ ${key}${verb === "add" ? ` : ${BARE[table]}` : ""} }`]);

let remembered: ObservedKernel | undefined;
async function pass(input: ConvergeInput): Promise<void> {
  const { error, observed } = await converge(
    input,
    kernel,
    () => {},
    remembered && { kernel: remembered, isFresh: false },
  );
  if (error !== null) throw new Error(error);
  remembered = observed ?? undefined;
}

await pass(without);
const events = await watchPods(null, CHANGED, (verb) => write(verb, "bare"));
const toKernelMs: number[] = [];
const stepMs: number[] = [];
const beside: Record<keyof typeof BARE, number[]> = { bare: [], verdicts: [] };
for (let change = 0; change < changes; change++) {
  nftMs.length = 0;
  toKernelMs.push(await timeUntil(events.next("add", "sallyport", CHANGED), () => pass(all)));
  stepMs.push(nftMs[0] ?? Number.NaN);
  await pass(without);
  for (const table of ["bare", "verdicts"] as const) {
    beside[table].push(await timeUntil(events.next("add", table, CHANGED), () => write("add", table)));
    await write("delete", table);
  }
}
console.log(JSON.stringify({ toKernelMs, stepMs, bareMs: beside.bare, verdictsMs: beside.verdicts }));
process.exit(0);

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
