import { beforeAll, describe, expect, test } from "vitest";
import type { NodeReport } from "../../policies/nodestate.ts";
import { runInside } from "./private.ts";

interface Outcome {
  readonly firstReport: NodeReport;
  readonly converged: Pick<NodeReport, "outcome" | "kernel">;
  readonly podInKernelMs: number;
  readonly podKnown: NodeReport["kernel"];
  readonly repair: readonly string[];
  readonly refused: { readonly reason: string };
  readonly lastGood: number;
  readonly older: { readonly generation: number };
  readonly afterServerRestart: NodeReport["kernel"];
  readonly exitCode: number;
  readonly rulesOutlive: boolean;
  readonly corrupt: { readonly reason: string };
  readonly rulesStay: boolean;
  readonly strangerReports: number;
}

describe("the agent as a process, with the reconciler's end of the channel", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInside("agent.inside.ts", 30_000);
  });

  test("reports before it has been told anything", () => {
    expect(outcome.firstReport).toMatchObject({ generation: 0, hash: "", outcome: "converged", changes: [] });
  });

  test("converges to a signal; a pod without a known MAC address is held", () => {
    expect(outcome.converged).toMatchObject({
      outcome: "converged",
      kernel: { pods: 0, heldPods: ["default/pod-10-10-1-5"] },
    });
  });

  test("learns a pod from the CNI cache long before the next check by the clock", () => {
    expect(outcome.podKnown).toMatchObject({ pods: 1, heldPods: [] });
    expect(outcome.podInKernelMs).toBeLessThan(1_000);
  });

  test("asked to verify, puts back what is missing and names it", () => {
    // The watch may be faster than the question, and then says who did it.
    expect(outcome.repair.at(-1)).toMatch(/^added 10\.10\.1\.5 .* to sallyport\/pods$/);
  });

  test("refuses a malformed signal and stays with the last good one", () => {
    expect(outcome.refused.reason).toBe(
      'signal.state.underlayIP is not an address in canonical form: "1.2.3.4; reboot"',
    );
    expect(outcome.lastGood).toBe(7);
  });

  test("ignores a signal older than the one in force", () => {
    expect(outcome.older).toMatchObject({ generation: 9 });
  });

  test("finds a restarted reconciler again", () => {
    expect(outcome.afterServerRestart.pods).toBe(0);
  });

  test("ends cleanly, and its rules outlive it", () => {
    expect(outcome.exitCode).toBe(0);
    expect(outcome.rulesOutlive).toBe(true);
  });

  test("starts with a broken state file, which changes nothing", () => {
    expect(outcome.corrupt.reason).toBe("it is not JSON");
    expect(outcome.rulesStay).toBe(true);
  });

  test("cannot act for a node whose certificate it does not have", () => {
    expect(outcome.strangerReports).toBe(0);
  });
});
