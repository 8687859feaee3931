// A live node goes over to leases, back, and over again
import { expect, test } from "vitest";
import { runInside } from "../private.ts";

test("what a node holds stays its own when leases are first ordered, and when they no longer are", async () => {
  expect(await runInside("leasing/migration.inside.ts", 40_000)).toMatchObject({
    byLease: { lease: [{ ip: "192.168.1.100", epoch: 1 }], gate: true },
    byPlan: ["192.168.1.100"],
    again: ["192.168.1.100"],
    // Each time the gate is put up, it is closed for as long as three transactions take.
    lost: expect.toSatisfy((lost: number) => lost < 50),
  });
}, 45_000);
