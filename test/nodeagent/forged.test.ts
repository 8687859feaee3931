import { expect, test } from "vitest";
import { runInside } from "./private.ts";

test.each([
  [4, "stateful"],
  [6, "stateful"],
  [4, "stateless"],
  [6, "stateless"],
])(
  "IPv%d, %s gateways: neither a neighbour nor a pod can pass for a node and use its floating IPs",
  async (underlay, mode) => {
    expect(await runInside("forged.inside.ts", 18_000, [String(underlay), mode])).toEqual({
      guarded: { outside: false, pod: false },
      // Without our rules both can.
      unguarded: { outside: true, pod: true },
    });
  },
);
