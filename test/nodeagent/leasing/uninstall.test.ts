// The gateway's agent is stopped, and `sallyport uninstall` run on its node, while a pod of another node sends
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import type { Outage } from "./outage.ts";

interface Outcome extends Outage {
  /** Exit code of `uninstall`. */
  readonly whileItRuns: number;
  readonly removed: readonly string[];
  readonly stderr: string;
  readonly takenAfterMs: number;
  readonly left: readonly string[];
  readonly gone: readonly string[];
  readonly again: string;
  readonly seen: readonly string[];
  readonly expected: readonly string[];
}

/** The stopped agent's park would keep others off for a minute. */
const PARK_MS = 60_000;

describe.runIf(isRoot)("uninstall of a gateway node", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInsideAsRoot("leasing/uninstall.inside.ts", 50_000, []);
  });

  test("is refused while the agent runs", () => {
    expect(outcome.whileItRuns).not.toBe(0);
  });

  test("gives its address up: another node takes it without waiting for the park's end, and never do both send", () => {
    expect(outcome.removed).toContain("gave up floating IP 192.168.1.100");
    expect(outcome.takenAfterMs).toBeLessThan(PARK_MS / 4);
    expect(outcome.seen).toEqual(outcome.expected);
  });

  test("leaves nothing, and finds nothing the second time", () => {
    expect(outcome).toMatchObject({ left: [], gone: [], again: "", stderr: "" });
  });
});
