import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "../private.ts";

interface Result {
  readonly steps: Readonly<Record<string, unknown>>;
  readonly works: readonly boolean[];
  readonly secret: boolean;
}

const TABLE = "netdev sallyport_lease";
const installed = (why: string) => `installed table ${TABLE}: ${why}`;

describe("what somebody else does to the gate is put right, and named", () => {
  let result: Result;
  beforeAll(async () => {
    result = await runInside("gate/repair.inside.ts", 20_000);
  });

  test.each([
    [`flush set ${TABLE} mine`, "added 192.168.1.100 to sallyport_lease/mine"],
    [`add element ${TABLE} mine { 192.168.1.101 }`, "removed 192.168.1.101 from sallyport_lease/mine"],
    [`delete element ${TABLE} floating { 192.168.1.101 }`, "added 192.168.1.101 to sallyport_lease/floating"],
    [
      `add element ${TABLE} gateway_macs { 02:00:00:00:00:99 }`,
      "removed 02:00:00:00:00:99 from sallyport_lease/gateway_macs",
    ],
    [`flush set ${TABLE} key`, installed("its key is missing")],
    [`flush map ${TABLE} generation`, installed("its generation is missing")],
    [`add rule ${TABLE} leaving accept`, installed("chain leaving was changed by somebody else")],
    [`flush chain ${TABLE} out_arp`, installed("chain out_arp was changed by somebody else")],
    ["flush ruleset", installed("it is missing")],
  ])("%s", (tampering, says) => {
    expect(result.steps[tampering]).toEqual({ says: [says], repaired: true, again: [] });
  });

  test("afterwards the run goes on", () => {
    expect(result.works).toEqual([true, true, true]);
  });

  test("the run's key is told to nobody", () => {
    expect(result.secret).toBe(false);
  });
});
