// The guard table's rules, each tripped on purpose: what must not leave does not, and its counter says so
import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "./private.ts";

interface Sprung {
  /** The source address seen outside, or whether a transfer between pods came about. */
  readonly came: string | boolean;
  readonly counts: boolean;
}

const FLOATING = { IPv4: "192.168.1.100", IPv6: "fd00:1::100" } as const;
const FAMILIES = ["IPv4", "IPv6"] as const;

interface Outcome {
  readonly sprung: Readonly<Record<string, Readonly<Record<(typeof FAMILIES)[number], Sprung>>>>;
  readonly afterwards: readonly string[];
}

describe("the guard table", () => {
  let { sprung, afterwards }: Outcome = { sprung: {}, afterwards: [] };
  beforeAll(async () => {
    ({ sprung, afterwards } = await runInside<Outcome>("guard.inside.ts", 55_000));
  });

  test.each([
    "the routing rule is gone",
    "somebody routes the mark elsewhere",
    "an id has no address, pod of the gateway node",
    "an id has no address, pod behind the tunnel",
    "somebody else translates first, pod of the gateway node",
    "somebody else translates first, pod behind the tunnel",
    "the same, and the rule for replies is gone",
  ])("%s: dropped and counted", (trap) => {
    for (const family of FAMILIES) expect(sprung[trap]?.[family], family).toEqual({ came: "held", counts: true });
  });

  test("somebody marks replies from outside: they keep their path, and nothing is counted", () => {
    for (const family of FAMILIES) {
      const expected = { came: FLOATING[family], counts: false };
      expect(sprung["somebody marks replies from outside"]?.[family], family).toEqual(expected);
    }
  });

  test("somebody marks replies between pods: they keep their path; without the rule for them they do not", () => {
    for (const family of FAMILIES) {
      const keeps = sprung["somebody marks replies between pods"]?.[family];
      const without = sprung["the same, and the rule for those replies is gone"]?.[family];
      expect([keeps, without], family).toEqual([
        { came: true, counts: false },
        { came: false, counts: true },
      ]);
    }
  });

  test("afterwards everything leaves as before", () => {
    expect(afterwards).toEqual(FAMILIES.flatMap((family) => [FLOATING[family], FLOATING[family]]));
  });
});
