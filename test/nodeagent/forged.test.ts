import { expect, test } from "vitest";
import { runInside } from "./private.ts";

test.each([4, 6])(
  "over IPv%d, nobody but the nodes can send through a gateway; without our rule anybody could",
  async (underlay) => {
    expect(await runInside("forged.inside.ts", 15_000, [String(underlay)])).toEqual({
      guarded: false,
      unguarded: true,
    });
  },
);
