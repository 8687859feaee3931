/**
 * What an agent weighs and costs that holds an address by lease on a node of 250 pods, from the package as npm would install
 * it: memory and CPU when nothing happens, and how long it takes from its start until it has reported that the kernel holds
 * everything. Beside it, what Node costs that does nothing. As root:
 *
 *     node test/bench/agent.bench.ts [STARTS] [IDLE_SECONDS]
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runInsideAsRoot } from "../nodeagent/private.ts";
import { buildPackage, median } from "./measure.ts";

export interface Watched {
  readonly firstMs: readonly number[];
  readonly againMs: readonly number[];
  readonly bareMs: readonly number[];
  /** Of three agents, every second. */
  readonly rssMiB: readonly number[];
  readonly bareRssMiB: number;
  /** Of one core, for each of three agents. */
  readonly agentCpu: readonly number[];
  readonly programsCpu: readonly number[];
  readonly helpers: readonly string[];
}

if (import.meta.main) {
  const [starts = "11", idleSeconds = "120"] = process.argv.slice(2);
  const folder = await mkdtemp(join(tmpdir(), "agent-bench-"));
  try {
    const args = [await buildPackage(folder), starts, idleSeconds];
    print(await runInsideAsRoot<Watched>("../bench/agent-inside.ts", 900_000, args));
  } finally {
    await rm(folder, { recursive: true });
  }
}

function print({ firstMs, againMs, bareMs, rssMiB, bareRssMiB, agentCpu, programsCpu, helpers }: Watched): void {
  const row = (name: string, text: string): void => console.log(`${name.padEnd(44)} ${text}`);
  const times = (values: readonly number[]): string => {
    const ratio = `${(median(values) / median(bareMs)).toFixed(1)} × bare Node`;
    return `median ${median(values).toFixed(0)} ms, most ${Math.max(...values).toFixed(0)} ms, ${ratio}`;
  };
  const percent = (shares: readonly number[]): string =>
    `median ${(median(shares) * 100).toFixed(2)} %, most ${(Math.max(...shares) * 100).toFixed(2)} % of a core`;
  row("start to converged, nothing in the kernel", times(firstMs));
  row("start to converged, everything there", times(againMs));
  row("start of Node that does nothing", times(bareMs));
  const ratio = `${(median(rssMiB) / bareRssMiB).toFixed(2)} × bare Node`;
  row("RSS, idle", `median ${median(rssMiB).toFixed(1)} MiB, most ${Math.max(...rssMiB).toFixed(1)} MiB, ${ratio}`);
  row("RSS of Node that does nothing", `${bareRssMiB.toFixed(1)} MiB`);
  row("CPU of the agent, idle", percent(agentCpu));
  row("CPU of the programs it runs", percent(programsCpu));
  for (const helper of helpers) row("beside it", helper);
}
