// A pod on worker1 that only listens, its gateway worker2 with the floating IP, both families.
import { expect, test } from "vitest";
import { runInside } from "../private.ts";

interface Outcome {
  readonly seen: Readonly<Record<string, string>>;
  readonly lost: boolean;
  readonly after: Readonly<Record<string, string>>;
  readonly pair: { readonly source: string; readonly first: number; readonly most: number };
  readonly handed: number;
}

test.each([4, 6])(
  "a gateway that knew nothing goes on with connections in which the server alone speaks, IPv%i",
  async (family) => {
    const { seen, lost, after, pair, handed } = await runInside<Outcome>("flows/handover.inside.ts", 60_000, [
      String(family),
    ]);
    for (const protocol of ["tcp", "udp"]) {
      const [source, port] = seen[protocol]?.split(" ") ?? [];
      expect(source).toBe(pair.source);
      expect(Number(port)).toBeGreaterThanOrEqual(pair.first);
      expect(Number(port)).toBeLessThan(pair.most);
    }
    // Without the handover nothing comes: the negative control.
    expect([lost, handed]).toEqual([true, 2]);
    expect(after).toEqual(seen);
  },
);
