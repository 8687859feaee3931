import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "../private.ts";
import { createFakeNode } from "./fake-gate.ts";
import { contract } from "./gate-contract.ts";

describe("the fake", () => {
  test.each(contract)("$name", async ({ run }) => {
    const node = createFakeNode();
    await run({
      open: async () => node.open(),
      pass: async (ms) => node.pass(ms),
      flushRuleset: async () => node.flush(),
    });
  });
});

describe("the kernel", () => {
  let outcome: Record<string, string>;
  beforeAll(async () => {
    outcome = await runInside("gate/gate-contract.inside.ts");
  });

  test.each(contract)("$name", ({ name }) => {
    expect(outcome[name]).toBe("holds");
  });
});
