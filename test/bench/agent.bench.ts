/**
 * What an agent weighs and costs on a node of 250 pods, from the package as npm would install it: memory and CPU when
 * nothing happens, and how long it takes from its start until it has reported that the kernel holds everything. Beside
 * it, what Node costs that does nothing. As root:
 *
 *     node test/bench/agent.bench.ts [STARTS] [IDLE_SECONDS]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInsideAsRoot } from "../nodeagent/private.ts";
import { buildPackage, median } from "./measure.ts";

interface Figures {
  readonly firstMs: readonly number[];
  readonly againMs: readonly number[];
  readonly bareMs: readonly number[];
  readonly rssMiB: readonly number[];
  readonly bareRssMiB: number;
  /** Of one core, the commands it runs included. */
  readonly idleCpuShare: number;
  readonly children: readonly string[];
}

const [starts = "11", idleSeconds = "120"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "agent-bench-"));
try {
  const sallyport = await buildPackage(folder);
  const args = [sallyport, starts, idleSeconds];
  const figures = await runInsideAsRoot<Figures>("../bench/agent-inside.ts", 900_000, args);
  const bareMs = median(figures.bareMs);
  const row = (name: string, values: readonly number[]): void => {
    const [middle, most] = [median(values), Math.max(...values)];
    const ratio = `${(middle / bareMs).toFixed(1)} × bare Node`;
    console.log(`${name.padEnd(44)} median ${middle.toFixed(0)} ms, most ${most.toFixed(0)} ms, ${ratio}`);
  };
  row("start to converged, nothing in the kernel", figures.firstMs);
  row("start to converged, everything there", figures.againMs);
  row("start of Node that does nothing", figures.bareMs);
  const rss = `median ${median(figures.rssMiB).toFixed(1)} MiB, most ${Math.max(...figures.rssMiB).toFixed(1)} MiB`;
  console.log(
    `${"RSS, idle".padEnd(44)} ${rss}, ${(median(figures.rssMiB) / figures.bareRssMiB).toFixed(2)} × bare Node`,
  );
  console.log(`${"RSS of Node that does nothing".padEnd(44)} ${figures.bareRssMiB.toFixed(1)} MiB`);
  console.log(`${"CPU, idle".padEnd(44)} ${(figures.idleCpuShare * 100).toFixed(2)} % of a core`);
  for (const child of figures.children) console.log(`${"beside it, in KiB".padEnd(44)} ${child}`);
} finally {
  await rm(folder, { recursive: true });
}
