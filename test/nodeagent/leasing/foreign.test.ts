// Whole agents, and others that use their floating IPs: strangers, and a gateway of ours whose gate has failed
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";

interface Outcome {
  readonly refused: string;
  readonly takenMeanwhile: number;
  readonly reported: string;
  /** Gratuitous ARP requests of the holder, within so many seconds. */
  readonly announcements: number;
  readonly seconds: number;
  /** By its holder. */
  readonly kept: boolean;
  readonly failure: string;
  /** Of the holder's `mine`, in order. */
  readonly writes: readonly string[];
}

describe.runIf(isRoot)("somebody else uses a floating IP", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/foreign.inside.ts", 80_000, []);
  }, 85_000);

  test("before any of us held it: nobody takes it, and the report says who uses it and since when", () => {
    expect(outcome.takenMeanwhile).toBe(0);
    expect(outcome.refused).toMatch(/^did not take 192\.168\.1\.101: it is in use by STRANGER, for \d s$/);
  });

  test("later: it stays where it is, is reported, and announced again, but not without bounds", () => {
    expect(outcome.kept).toBe(true);
    expect(outcome.reported).toMatch(/192\.168\.1\.100 is used by STRANGER, which is none of our gateways, for \d+ s$/);
    expect(outcome.announcements).toBeGreaterThan(0);
    expect(outcome.announcements).toBeLessThanOrEqual(4 * Math.ceil(outcome.seconds / 10 + 1));
  });

  test("a gateway of ours, whose gate has failed: the holder closes the address, and opens it when the witnesses say so", () => {
    expect(outcome.failure).toMatch(
      /^the gate has failed: floating IP 192\.168\.1\.100 .* gateway with STANDBY, for \d s/,
    );
    expect(outcome.writes).toEqual(["delete", "add"]);
  });
});
