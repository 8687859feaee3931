// Each rule is needed: left out, the simulation finds what it forbids.
import { expect, test } from "vitest";
import { MUTATIONS } from "./mutations.ts";
import { simulate } from "./world.ts";

const SEEDS_MOST = 100;

test.each(MUTATIONS)("left out: $leftOut", { timeout: 120_000 }, ({ scenario, variant }) => {
  let violation: string | null = null;
  for (let seed = 1; seed <= SEEDS_MOST && violation === null; seed++) {
    violation = simulate(seed, scenario, variant).violation;
  }
  expect(violation).not.toBeNull();
});
