// Reachability is lost with a majority of the witnesses, uniqueness never; frames taken at the ports, datagrams counted outside
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";

interface Outcome {
  /** Anybody answered for the address while most witnesses were gone. */
  readonly answeredWithout: boolean;
  /** More than a second after they had gone. */
  readonly framesLater: number;
  /** From the start of one of them, and of all nodes after a power failure, until the pod was answered. */
  readonly oneBackMs: number;
  readonly powerMs: number;
  /** The holder of before. */
  readonly keptBy: boolean;
  readonly wrong: readonly [number, number];
  readonly seen: readonly string[];
  readonly takenBy: readonly string[];
  readonly control: number;
}

describe.runIf(isRoot)("two of three witnesses are lost, and later all power", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/majority.inside.ts", 50_000, []);
  });

  test("without a majority nobody answers for the address, and no packet leaves with another one", () => {
    expect(outcome).toMatchObject({ answeredWithout: false, framesLater: 0, wrong: [0, 0] });
  });

  test("with one of them back the holder of before answers again", () => {
    expect(outcome.keptBy).toBe(true);
  });

  test("never do two nodes send under the address; without gates they do, and the capture shows it", () => {
    expect(outcome.seen).toEqual(outcome.takenBy);
    expect(outcome.control).toBeGreaterThan(10);
  });
});
