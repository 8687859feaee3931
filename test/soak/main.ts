/**
 * Gateways are lost in random ways while pods start and policies change, in a lab whose outside host and switch see every
 * packet. Ends at the first two holders of an address, the first packet with an address that is not its own, or what does
 * not come back; then it exits 1 and says with which seed. Needs root.
 *
 *     node test/soak/main.ts [--losses 200] [--pod-starts 500] [--seed N] [--mode stateful|stateless] [--kinds frozen,killed]
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { GatewayMode } from "../../policies/nodestate.ts";
import { LOSS_KINDS, type LossKind } from "./losses.ts";
import { type SoakOptions, soak } from "./run.ts";
import { summary } from "./summary.ts";

const { values } = parseArgs({
  options: {
    losses: { type: "string", default: "200" },
    "pod-starts": { type: "string", default: "500" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 31)) },
    mode: { type: "string", default: "stateful" },
    kinds: { type: "string", default: LOSS_KINDS.join(",") },
    quiet: { type: "boolean", default: false },
  },
});
const kinds = values.kinds.split(",");
const unknown = kinds.find((kind) => !LOSS_KINDS.includes(kind as LossKind));
if (unknown !== undefined) {
  console.error(`no loss ${unknown}; there are: ${LOSS_KINDS.join(", ")}`);
  process.exit(2);
}
if (process.getuid?.() !== 0) {
  console.error("the soak captures frames at the switch, which needs root");
  process.exit(3);
}
const options: SoakOptions = {
  name: `soak-${process.pid}`,
  mode: values.mode as GatewayMode,
  seed: Number(values.seed),
  kinds: kinds as LossKind[],
  losses: Number(values.losses),
  podStarts: Number(values["pod-starts"]),
  churn: !values.quiet,
  controls: true,
};
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
const beganMs = Date.now();
const stamp = () => new Date(Date.now() - beganMs).toISOString().slice(11, 19);
console.log(`seed ${options.seed}, ${options.mode}, load ${loadavg()[0]?.toFixed(1)}`);
const result = await soak(options, (line) => console.log(`${stamp()} ${line}`), interrupted.signal);
console.log(summary(result));
console.log(`${stamp()}, load ${loadavg()[0]?.toFixed(1)}`);
if (result.wrong !== null) {
  console.log(`WRONG: ${result.wrong}`);
  console.log(`again: node test/soak/main.ts ${process.argv.slice(2).join(" ")} --seed ${options.seed}`);
}
process.exit(result.wrong !== null ? 1 : result.complete ? 0 : 130);
