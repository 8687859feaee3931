import { expect, test } from "vitest";
import { runInside } from "./private.ts";

test("a pass that was cut short anywhere is completed by the next, and uninstalling leaves nothing", async () => {
  const outcome = await runInside<{
    fromNothing: { writes: number; failures: string[] };
    fromAnotherState: { writes: number; failures: string[] };
    fromStatelessState: { writes: number; failures: string[] };
    toStateless: { writes: number; failures: string[] };
    toStateful: { writes: number; failures: string[] };
    uninstalled: boolean;
    left: string;
  }>("interrupted.inside.ts", 180_000);
  expect(outcome.fromNothing.failures).toEqual([]);
  expect(outcome.fromAnotherState.failures).toEqual([]);
  expect(outcome.fromStatelessState.failures).toEqual([]);
  expect(outcome.toStateless.failures).toEqual([]);
  expect(outcome.toStateful.failures).toEqual([]);
  // Were nothing written, nothing could have been cut short.
  expect(outcome.fromNothing.writes).toBeGreaterThan(12);
  expect(outcome.fromAnotherState.writes).toBeGreaterThan(6);
  expect(outcome.uninstalled).toBe(true);
  expect(outcome.left).toBe("");
}, 190_000);
