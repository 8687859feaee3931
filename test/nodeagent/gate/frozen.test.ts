import { beforeAll, describe, expect, test } from "vitest";
import { TIMING } from "../../../nodeagent/lease/timing.ts";
import { isRoot, runInsideAsRoot } from "../private.ts";

interface Result {
  readonly silentAfterMs: { readonly established: number; readonly ipv6: number };
  readonly refreshedWithOldAcknowledgement: unknown;
  readonly again: readonly unknown[];
}

describe.runIf(isRoot)("an agent that is frozen", () => {
  let result: Result;
  beforeAll(async () => {
    result = await runInsideAsRoot("gate/frozen.inside.ts", 30_000, []);
  });

  // The lease was refreshed a heartbeat before at most: until it ends, traffic goes on.
  test.each(["established", "ipv6"] as const)("is silent when its lease has ended: %s", (kind) => {
    const silentAfterMs = result.silentAfterMs[kind];
    expect(silentAfterMs).toBeGreaterThan(0);
    expect(silentAfterMs).toBeLessThan(TIMING.armMs + TIMING.leaseMs);
  });

  test("cannot refresh with an old acknowledgement when it wakes", () => {
    expect(result.refreshedWithOldAcknowledgement).toBe(false);
  });

  test("goes on with a new one", () => {
    expect(result.again).toEqual([true, true]);
  });
});
