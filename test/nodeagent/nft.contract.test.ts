import { beforeAll, describe, expect, test } from "vitest";
import { createFakeNft } from "./fake-nft.ts";
import { contract, declaration } from "./nft-contract.ts";
import { runInside } from "./private.ts";

describe("the fake", () => {
  test.each(contract)("$name", async ({ run }) => {
    const nft = createFakeNft();
    await nft.install(declaration);
    await run(nft);
  });
});

describe("the kernel", () => {
  let outcome: Record<string, string>;
  beforeAll(async () => {
    outcome = await runInside("nft-contract.inside.ts");
  });

  test.each(contract)("$name", ({ name }) => {
    expect(outcome[name]).toBe("holds");
  });
});
