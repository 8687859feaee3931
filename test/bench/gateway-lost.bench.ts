/**
 * A gateway is lost: its agent frozen or killed, its links down, cut off from the other nodes both ways or one way. How long
 * pods on other nodes get no answer of the outside host, detection included: echoes every 10 ms, and a TCP connection on
 * which both sides answer each other. As root:
 *
 *     node test/bench/gateway-lost.bench.ts [--mode stateful|stateless] [--times 30] [--seed N]
 *
 * Bounds: frozen 400 ms, all others p99 1 s.
 */
import { loadavg } from "node:os";
import { parseArgs } from "node:util";
import type { GatewayMode } from "../../policies/nodestate.ts";
import type { LossKind } from "../soak/losses.ts";
import { soak } from "../soak/run.ts";
import { summary } from "../soak/summary.ts";

const { values } = parseArgs({
  options: {
    mode: { type: "string", default: "stateful" },
    times: { type: "string", default: "30" },
    seed: { type: "string", default: "1" },
  },
});
const kinds: readonly LossKind[] = ["frozen", "killed", "links down", "cut off", "cut one way"];
const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => interrupted.abort());
console.log(`${values.mode}, ${values.times} times each, load ${loadavg()[0]?.toFixed(1)}`);
const result = await soak(
  {
    ...{ name: `gateway-lost-${process.pid}`, mode: values.mode as GatewayMode, seed: Number(values.seed), kinds },
    ...{ losses: kinds.length * Number(values.times), podStarts: 0, churn: false, controls: false },
  },
  (line) => console.error(line),
  interrupted.signal,
);
console.log(summary(result));
if (result.wrong !== null) console.log(`WRONG: ${result.wrong}`);
process.exit(result.wrong === null ? 0 : 1);
