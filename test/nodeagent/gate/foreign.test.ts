// worker1 holds .100 in both families, worker2 stands by · .101 is nobody's, until the outside host takes it
import { beforeAll, describe, expect, test } from "vitest";
import { updateConflicts } from "../../../nodeagent/gate/conflicts.ts";
import { addressOfTarget, targetOf } from "../../../nodeagent/gate/targets.ts";
import { runInside } from "../private.ts";

const FOREIGN = ["192.168.1.101 outside", "fd00:1::101 outside"];

describe("a foreign host that uses floating IPs", () => {
  let steps: Readonly<Record<string, unknown>>;
  beforeAll(async () => {
    steps = await runInside("gate/foreign.inside.ts", 30_000);
  });

  test("gateways themselves are no conflict", () => {
    expect(steps.unused).toEqual([]);
  });

  test("is found by a probe, also when it was silent before", () => {
    expect(steps.silentUse).toEqual([]);
    expect(steps.probed).toEqual(FOREIGN);
  });

  test("that asks first is noted, answered by the holder, and gives way", () => {
    expect([steps.newcomerGivesWay, steps.newcomerFailed]).toEqual([true, true]);
    expect(steps.wanted).toEqual(expect.arrayContaining(["192.168.1.100 outside", "fd00:1::100 outside"]));
  });

  test("is reported since it was first seen", () => {
    expect(steps.sameSince).toBe(true);
  });
});

test("a conflict keeps its beginning until it is over", () => {
  const seen = [{ ip: "192.168.1.100", mac: "02:00:00:00:00:99", byGateway: false }];
  const first = updateConflicts([], seen, 1_000);
  expect(updateConflicts(first, seen, 9_000)).toEqual([{ ...seen[0], sinceMs: 1_000 }]);
  expect(updateConflicts(updateConflicts(first, [], 80_000), seen, 90_000)).toEqual([{ ...seen[0], sinceMs: 90_000 }]);
});

test.each(["fd00:1::100", "2001:db8::1:0:0:1", "100::"])("%s as a target, and back", (ip) => {
  expect(addressOfTarget(targetOf(ip))).toBe(ip);
});
