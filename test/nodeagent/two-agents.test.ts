import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "./private.ts";

interface Outcome {
  readonly outcomes: readonly string[];
  readonly held: readonly (readonly string[])[];
  readonly removed: readonly string[];
  readonly again: string;
  readonly left: readonly string[];
  readonly lost: readonly string[];
  readonly otherUntouched: boolean;
  readonly otherAgain: readonly string[];
}

describe("two clusters' agents on one machine", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInside("two-agents.inside.ts", 30_000);
  });

  test("each converges, with the same names and numbers", () => {
    expect(outcome.outcomes).toEqual(["converged", "converged", "converged"]);
    expect(outcome.held).toEqual([["192.168.1.100"], []]);
  });

  test("uninstall leaves nothing of the one, says what it removed, and finds nothing the second time", () => {
    expect(outcome.removed).toContain("removed table inet sallyport");
    expect(outcome.removed).toContain("removed device egvx");
    expect(outcome.removed).toContain("removed floating address 192.168.1.100");
    expect(outcome.left).toEqual([]);
    expect(outcome.lost).toEqual([]);
    expect(outcome.again).toBe("");
  });

  test("neither flush, repair nor uninstall of the one touches the other", () => {
    expect(outcome.otherUntouched).toBe(true);
    expect(outcome.otherAgain).toEqual([]);
  });
});
