import { expect, test } from "vitest";
import { runInside } from "./private.ts";

test.each([4, 6])(
  "IPv%d: neither a neighbour nor a pod can pass for a node and use its floating IPs",
  async (underlay) => {
    expect(await runInside("forged.inside.ts", 18_000, [String(underlay)])).toEqual({
      guarded: { outside: false, pod: false },
      // Without our rules both can.
      unguarded: { outside: true, pod: true },
    });
  },
);
