/**
 * Small packets through a node with our tables, policies, shield and lease gate, at 10 to 100,000 pods (from 1,000 on with
 * 1,000 policies), beside a node on the same path that only tracks connections, and one that does it with iptables and ipset.
 * All in turns; a ratio is the median of those of each round. As root, with the Debian packages netsniff-ng, iptables and ipset:
 *
 *     node test/bench/datapath.bench.ts [--mode stateful|stateless] [--rounds N] [--frames N]
 *
 * On each path the reference has the same devices and routes: the tunnel is not what is compared.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import { runInsideAsRoot } from "../nodeagent/private.ts";
import { median } from "./measure.ts";

/** Nanoseconds for each frame by path and node, one for each round. */
type Results = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>;

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "stateful" },
    rounds: { type: "string", default: "7" },
    frames: { type: "string", default: "200000" },
  },
});
const { mode, rounds, frames } = values;
const before = loadavg()[0];
const results = await runInsideAsRoot<Results>("../bench/forwarding/inside.ts", 1_800_000, [mode, rounds, frames]);
console.log(`${mode}, ${rounds} rounds of ${frames} frames, load ${before?.toFixed(1)} before`);
for (const [path, nodes] of Object.entries(results)) {
  const reference = nodes.reference ?? [];
  const rows = Object.entries(nodes).map(([node, frameNs]) => ({
    node,
    kpps: Math.round(1e6 / median(frameNs)),
    "ns/packet": Math.round(median(frameNs)),
    "+ns": Math.round(median(differences(frameNs, reference))),
    "of reference": median(ratios(reference, frameNs)).toFixed(3),
    "× iptables": nodes["iptables + ipset"] ? median(ratios(nodes["iptables + ipset"], frameNs)).toFixed(1) : "",
  }));
  console.log(path);
  console.table(rows);
}

function ratios(a: readonly number[], b: readonly number[]): readonly number[] {
  return b.map((value, index) => (a[index] ?? Number.NaN) / value);
}

function differences(a: readonly number[], b: readonly number[]): readonly number[] {
  return a.map((value, index) => value - (b[index] ?? Number.NaN));
}
