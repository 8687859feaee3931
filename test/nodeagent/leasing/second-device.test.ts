// The gate stands on the underlay alone: what belongs to another device's subnet is refused, clearly, and not held without a gate
import { expect, test } from "vitest";
import { runInside } from "../private.ts";

test("a floating IP in the subnet of another device is not taken, and the report says why, once", async () => {
  expect(await runInside("leasing/second-device.inside.ts", 40_000)).toEqual({
    said: "did not take 10.20.0.100: it is in the subnet of eth1, and only eth0, which carries the node's address, is gated",
    times: 1,
    held: ["192.168.1.100"],
    configured: ["0", "0", "0"],
    errors: [],
  });
}, 45_000);
