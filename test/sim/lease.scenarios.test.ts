// At most one open gate for an address, whatever goes wrong; and when it stops, exactly one.
import { describe, expect, test } from "vitest";
import { BARE, MUTATIONS } from "./mutations.ts";
import { SCENARIOS } from "./scenarios.ts";
import { deafHolder } from "./set-pieces.ts";
import { simulate } from "./world.ts";

const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];

describe.each(Object.entries(SCENARIOS))("%s", (_, scenario) => {
  test("never two holders, and one when all is mended", { timeout: 120_000 }, () => {
    for (const seed of SEEDS) {
      const { violation, unsettled } = simulate(seed, scenario);
      expect({ seed, violation }).toEqual({ seed, violation: null });
      if (scenario.calmMs > 0) expect({ seed, unsettled }).toEqual({ seed, unsettled: [] });
    }
  });
});

test("who is heard and hears nobody does not keep what it cannot answer for", () => {
  const scenario = { gateways: 3, witnesses: 3, ips: 1, chaosMs: 60_000, calmMs: 0, faults: {}, setPiece: deafHolder };
  for (const seed of SEEDS) {
    const { violation, availability } = simulate(seed, scenario);
    expect({ seed, violation }).toEqual({ seed, violation: null });
    // A second of each six.
    expect(availability).toBeGreaterThan(0.75);
  }
});

test("one run is like another with the same seed", () => {
  const scenario = SCENARIOS["everything at once"];
  expect(scenario && simulate(7, scenario)).toEqual(scenario && simulate(7, scenario));
});

test("the worlds in which rules are left out are without violation when none is", { timeout: 120_000 }, () => {
  const worlds = new Set(MUTATIONS.map(({ scenario }) => scenario));
  for (const scenario of worlds) {
    for (const seed of [1, 2])
      expect({ seed, violation: simulate(seed, scenario, BARE).violation }).toEqual({ seed, violation: null });
  }
});
