// A floating IP moves from worker2 to worker1 and back while a pod of each keeps connections: one that is idle, one on which
// it speaks, one on which only the server does, datagrams that are answered, and such that are not. Gateways are stateless:
// each pod's packets take the tunnel and none in turns.
import { expect, test } from "vitest";
import { PLAN } from "../plan.ts";
import { runInside } from "../private.ts";

interface Step {
  /** Resets and the like. */
  readonly changes: readonly string[];
  /** Every connection carries bytes in the end. */
  readonly flow: boolean;
  /** As the pods, and as the server says. */
  readonly open: number;
  readonly atServer: Readonly<Record<string, number>>;
  /** Connections that a gateway tracks for others. */
  readonly entries: number;
  /** What the outside host saw, from the move on. */
  readonly sources: readonly string[];
}

test.each([4, 6] as const)(
  "IPv%d: every connection outlives moves of its address, also of pods on the gateways",
  async (family) => {
    const steps = await runInside<readonly Step[]>("stateless/moves.inside.ts", 60_000, [String(family)]);
    const floating = PLAN[family].inNodeSubnet(100);
    const kept: Step = {
      ...{ changes: [], flow: true, open: 6, atServer: { open: 6 }, entries: 0 },
      sources: ["answered", "oneWay", "tcp"].map((kind) => `${kind} ${floating}`),
    };
    expect(steps).toEqual([kept, kept, kept]);
  },
  65_000,
);
