/**
 * What a pod waits for: from its file in the CNI result cache to its element in the kernel, on a node of 250 pods, beside a
 * bare `nft add element`. And what its first connection costs when its process starts 30 ms after the file, beside its
 * second; as a control, a connection that began 30 ms before the file was there. As root:
 *
 *     node test/bench/agent-pod.bench.ts [STARTS] [CONNECTS]
 *
 * Bounds: CNI ADD to kernel p99 20 ms, and no first connect needs another SYN.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { loadavg, tmpdir } from "node:os";
import { join } from "node:path";
import { runInsideAsRoot } from "../nodeagent/private.ts";
import { buildPackage, median } from "./measure.ts";

interface Figures {
  readonly addToKernelMs: readonly number[];
  readonly bareMs: readonly number[];
  /** Until the last of ten. */
  readonly burstMs: readonly number[];
  readonly firstConnectMs: readonly number[];
  readonly secondConnectMs: readonly number[];
  readonly heldConnectMs: readonly number[];
}

/** The first retransmission timeout of TCP (RFC 6298). */
const SYN_TIMEOUT_MS = 1_000;

const [starts = "300", connects = "60"] = process.argv.slice(2);
const folder = await mkdtemp(join(tmpdir(), "agent-bench-"));
try {
  const sallyport = await buildPackage(folder);
  const args = [sallyport, starts, connects];
  const figures = await runInsideAsRoot<Figures>("../bench/agent-pod-inside.ts", 900_000, args);
  row("CNI ADD to element in the kernel", figures.addToKernelMs, figures.bareMs, "bare nft");
  row("bare nft add element", figures.bareMs);
  row("ten CNI ADDs at once, to the last element", figures.burstMs, figures.bareMs, "bare nft");
  const sentAgain = figures.firstConnectMs.filter((ms) => ms >= SYN_TIMEOUT_MS).length;
  console.log(
    `${sentAgain} of ${figures.firstConnectMs.length} first connects needed another SYN; load ${loadavg()[0]?.toFixed(1)}`,
  );
  row("first connect, 30 ms after ADD", figures.firstConnectMs, figures.secondConnectMs, "second");
  row("second connect", figures.secondConnectMs);
  row("control: connect 30 ms before ADD", figures.heldConnectMs, figures.secondConnectMs, "second");
} finally {
  await rm(folder, { recursive: true });
}

function row(name: string, values: readonly number[], beside?: readonly number[], besideName?: string): void {
  const sorted = values.toSorted((a, b) => a - b);
  const p99 = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.99))] ?? Number.NaN;
  const ratio = beside === undefined ? "" : `, ${(median(values) / median(beside)).toFixed(2)} × ${besideName}`;
  const figures = `p50 ${median(values).toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, most ${Math.max(...values).toFixed(2)} ms`;
  console.log(`${name.padEnd(42)} ${String(values.length).padStart(4)} times: ${figures}${ratio}`);
}
