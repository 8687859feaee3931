// Two agents, the reconciler's end as a third witness; frames taken at both ports
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import type { Outage } from "./outage.ts";

interface Outcome {
  /** A node is lost. */
  readonly frozen: Outage;
  readonly cut: Outage;
  readonly killed: Outage;
  /** The reconciler starts anew, and is not there. */
  readonly restarted: Outage;
  readonly away: Outage;
  /** Anybody answered for the address with one node and no reconciler. */
  readonly answeredAlone: boolean;
  readonly framesLater: number;
  readonly seen: readonly string[];
  readonly takenBy: readonly string[];
  readonly control: number;
}

describe.runIf(isRoot)("two nodes and the reconciler", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/two-nodes.inside.ts", 55_000, []);
  });

  test("one node is lost, in each way, also when the reconciler has started anew: the other takes over", () => {
    expect(outcome.takenBy).toHaveLength(5);
  });

  test("the reconciler starts anew, or is away: no packet is lost", () => {
    expect(outcome).toMatchObject({ restarted: { lost: 0 }, away: { lost: 0 } });
  });

  test("a node and the reconciler are lost: nobody answers for the address until one of them is back", () => {
    expect(outcome).toMatchObject({ answeredAlone: false, framesLater: 0 });
  });

  test("never do two nodes send under the address; without gates they do, and the capture shows it", () => {
    expect(outcome.seen).toEqual(outcome.takenBy);
    expect(outcome.control).toBeGreaterThan(10);
  });
});
