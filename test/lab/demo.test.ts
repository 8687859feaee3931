/** What a newcomer runs first: `npm start`. */
import { randomUUID } from "node:crypto";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { expect, test } from "vitest";
import type { DemoResult } from "./demo/observations.ts";

const sallyport = fileURLToPath(new URL("../../cli/sallyport.js", import.meta.url));

test("the demo's story: every observation holds", async () => {
  const args = [sallyport, "lab", "demo", "--once", "--json", "--name", `test-${randomUUID().slice(0, 8)}`];
  const { stdout, exitCode } = await execa(process.execPath, args, { reject: false, stdin: "ignore" });
  const { observations } = JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as DemoResult;
  expect(observations.filter(({ ok }) => !ok)).toEqual([]);
  expect([observations.length, exitCode]).toEqual([14, 0]);
});
