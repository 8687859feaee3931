// Somebody flushes the whole ruleset of a node while an address is held by lease; datagrams counted outside, frames taken at the ports
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import type { Outage } from "./outage.ts";

interface Flushed extends Outage {
  /** With another address than the floating IP: on a flow that existed, and on new ones. */
  readonly wrong: readonly [number, number];
  readonly repairedAfterMs: number;
}

interface Outcome {
  readonly outcomes: Readonly<Record<"holder" | "standby" | "source", readonly Flushed[]>>;
  readonly seen: readonly string[];
  readonly takenBy: readonly string[];
  readonly control: number;
}

describe.runIf(isRoot)("nft flush ruleset by somebody else, under a lease", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/flush.inside.ts", 50_000, ["2"]);
  });

  test.each(["holder", "standby", "source"] as const)(
    "of the %s: no packet leaves with another address, and it is repaired",
    (whose) => {
      for (const { wrong, repairedAfterMs } of outcome.outcomes[whose]) {
        expect(wrong).toEqual([0, 0]);
        expect(repairedAfterMs).toBeLessThan(2_000);
      }
    },
  );

  test("of a standby: nobody notices", () => {
    expect(outcome.outcomes.standby.map(({ lost }) => lost)).toEqual([0, 0]);
  });

  test("never do two nodes send under the address; without gates they do, and the capture shows it", () => {
    expect(outcome.seen).toEqual(outcome.takenBy);
    expect(outcome.control).toBeGreaterThan(10);
  });
});
