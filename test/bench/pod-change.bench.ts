/**
 * One pod's change on a node that holds 10, 1,000 and 100,000: from a pass that begins with what the last one saw to the
 * element in the kernel, and of that the transaction alone, beside a bare `nft add element` to a map of the same size, of
 * marks and of verdicts. As root:
 *
 *     node test/bench/pod-change.bench.ts [CHANGES]
 *
 * Bound: the transaction at most twice the bare one. A node has 250 pods at most; the sizes show what grows.
 */
import { loadavg } from "node:os";
import { runInsideAsRoot } from "../nodeagent/private.ts";
import { median } from "./measure.ts";

interface Figures {
  readonly toKernelMs: readonly number[];
  readonly stepMs: readonly number[];
  readonly bareMs: readonly number[];
  /** To a map of verdicts, in use. */
  readonly verdictsMs: readonly number[];
}

const [changes = "20"] = process.argv.slice(2);
const rows = [];
for (const pods of [10, 1_000, 100_000]) {
  const { toKernelMs, stepMs, bareMs, verdictsMs } = await runInsideAsRoot<Figures>(
    "../bench/pod-change/inside.ts",
    1_200_000,
    [String(pods), changes],
  );
  rows.push({
    elements: pods,
    "pass to kernel ms": median(toKernelMs).toFixed(1),
    "most ms": Math.max(...toKernelMs).toFixed(1),
    "transaction ms": median(stepMs).toFixed(1),
    "bare nft ms": median(bareMs).toFixed(1),
    "of verdicts ms": median(verdictsMs).toFixed(1),
    "transaction × bare": (median(stepMs) / median(bareMs)).toFixed(2),
  });
}
console.log(`${changes} changes each, load ${loadavg()[0]?.toFixed(1)}`);
console.table(rows);
