// Four agents, three of them witnesses, which change while an address moves; frames taken at the gateways' ports
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";

interface Outcome {
  /** Versions of the set when a change was done. */
  readonly joined: number;
  readonly replaced: number;
  /** The witness that lost its disk has another name. */
  readonly renamed: boolean;
  /** As the last two nodes know it. */
  readonly versions: readonly number[];
  readonly taker: string;
  readonly seen: readonly string[];
  readonly takenBy: readonly string[];
  readonly control: number;
}

describe.runIf(isRoot)("witnesses change under whole agents", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/witness-change.inside.ts", 55_000, []);
  });

  test("one joins and one leaves, in two steps, while the address moves", () => {
    expect(outcome.joined).toBe(3);
  });

  test("one that lost its disk is another witness, and takes the place of what it was, in two steps", () => {
    expect(outcome).toMatchObject({ renamed: true, replaced: 5, versions: [5, 5] });
  });

  test("the last set lets another node take over, without a node that was a witness at first", () => {
    expect(outcome.taker).toBe("worker4");
  });

  test("never do two nodes send under the address; without gates they do, and the capture shows it", () => {
    expect(outcome.takenBy).toEqual(["worker2", "worker4", "worker2", "worker4"]);
    expect(outcome.seen).toEqual(outcome.takenBy);
    expect(outcome.control).toBeGreaterThan(10);
  });
});
