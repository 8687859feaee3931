// The soak, shortly: each loss once, and pods that start while policies change. `npm run soak` is the long one
import { expect, test } from "vitest";
import { isRoot } from "../nodeagent/private.ts";
import { LOSS_KINDS } from "./losses.ts";
import { type SoakOptions, soak } from "./run.ts";

const SEED = Number(process.env.SOAK_SEED ?? Math.floor(Math.random() * 2 ** 31));
const timeoutMs = 300_000;

function short(parts: Partial<SoakOptions>) {
  const options: SoakOptions = {
    ...{ name: `soak-test-${process.pid}-${parts.losses}`, mode: "stateful", seed: SEED, kinds: LOSS_KINDS },
    ...{ losses: 0, podStarts: 0, churn: false, controls: true },
    ...parts,
  };
  return soak(options, () => {}, AbortSignal.timeout(timeoutMs - 20_000));
}

test.runIf(isRoot)(
  `gateways are lost in every way, and never do two answer (seed ${SEED})`,
  async () => {
    const { wrong, complete, outages, frames } = await short({ losses: LOSS_KINDS.length });
    expect({ wrong, complete }).toEqual({ wrong: null, complete: true });
    expect(outages.map(({ kind }) => kind).sort()).toEqual([...LOSS_KINDS].sort());
    expect(frames).toBeGreaterThan(1_000);
  },
  timeoutMs,
);

test.runIf(isRoot)(
  `pods send from their first instant, under addresses of others, while policies change (seed ${SEED})`,
  async () => {
    const { wrong, complete, incarnations, commits } = await short({ podStarts: 100, churn: true });
    expect({ wrong, complete }).toEqual({ wrong: null, complete: true });
    expect(incarnations).toHaveLength(100);
    expect(commits).toBeGreaterThan(0);
    expect(incarnations.filter(({ heldMs }) => heldMs !== null).length).toBeGreaterThan(50);
  },
  timeoutMs,
);
