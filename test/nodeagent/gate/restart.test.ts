import { expect, test } from "vitest";
import { runInside } from "../private.ts";

test("an agent that restarts on purpose costs no packet", async () => {
  const result = await runInside("gate/restart.inside.ts", 20_000);
  expect(result).toEqual({
    found: [],
    begun: true,
    refreshed: Array(10).fill(true),
    lost: ["0% packet loss", "0% packet loss"],
  });
});
