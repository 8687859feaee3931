// Somebody flushes the whole ruleset while a selected pod sends, a datagram every millisecond on one flow and on new ones.
import { describe, expect, test } from "vitest";
import { runInside } from "./private.ts";

interface Flush {
  readonly wrong: readonly [onFlow: number, onNewFlows: number];
  readonly right: number;
  readonly repairedAfterMs: number;
}

interface Outcome {
  readonly flushes: readonly Flush[];
  readonly foreignDelete: string;
  readonly raisedAgain: boolean;
  readonly leftAfterStop: string;
}

const wrongPackets = ({ flushes }: Outcome) => flushes.map(({ wrong }) => wrong[0] + wrong[1]);

describe("nft flush ruleset by somebody else", () => {
  test("without the shield packets leave with another address, until the repair (negative control)", async () => {
    const outcome = await runInside<Outcome>("flush.inside.ts", 40_000, ["open"]);
    expect(Math.min(...wrongPackets(outcome))).toBeGreaterThan(0);
  }, 45_000);

  test("with the shield not one does, and the repair is made as before", async () => {
    const outcome = await runInside<Outcome>("flush.inside.ts", 40_000, ["shielded"]);
    expect(wrongPackets(outcome)).toEqual(outcome.flushes.map(() => 0));
    for (const { right, repairedAfterMs } of outcome.flushes) {
      expect(right).toBeGreaterThan(0);
      expect(repairedAfterMs).toBeLessThan(2_000);
    }
    expect(outcome.foreignDelete).toContain("Operation not permitted");
    expect(outcome.raisedAgain).toBe(true);
    expect(outcome.leftAfterStop).not.toContain("sallyport_shield");
  }, 45_000);
});
