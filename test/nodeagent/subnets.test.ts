// Nodes in two subnets with a router between them; the gateway and its floating IPs are in the second.
import { expect, test } from "vitest";
import { runInside } from "./private.ts";

test.each([
  [4, "stateful"],
  [6, "stateful"],
  [4, "stateless"],
  [6, "stateless"],
])(
  "a gateway in another subnet, reached over IPv%d, %s",
  async (underlay, mode) => {
    const steps = await runInside("subnets.inside.ts", 45_000, [String(underlay), mode]);
    expect(steps).toEqual({
      before: { selected: ["192.168.1.1", "fd00:1::1"], onGateway: ["192.168.2.2", "fd00:2::2"] },
      outcomes: ["converged", "converged"],
      with: { selected: ["192.168.2.100", "fd00:2::100"], onGateway: ["192.168.2.100", "fd00:2::100"] },
    });
  },
  50_000,
);
