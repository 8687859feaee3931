// Gateways: worker2 and worker3 · connections of a pod on worker1, and when stateless of one on worker2: downloads on which
// the pod is silent, uploads on which the server is, datagrams that are answered
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";

/** Of each pod and each kind. */
const COUNT = Number(process.env.COUNT ?? 50);
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const timeoutMs = 60_000 + 60_000 * ROUNDS;
const FAULTS = ["frozen", "killed", "links down", "cut off from the nodes"];

interface Kept {
  readonly kept: Readonly<Record<"downloads" | "uploads" | "datagrams", number>>;
  /** Longest silence on the connections of the pod on worker1. */
  readonly medianMs: number;
  readonly mostMs: number;
}

interface Outcome {
  /** Of each kind. */
  readonly all: number;
  readonly outcome: Readonly<Record<string, readonly Kept[]>>;
  /** Downloads that are left when one pod's entries are deleted. */
  readonly control: number;
}

describe.runIf(isRoot).each(["stateless", "stateful"])(
  `%s gateways are lost while ${COUNT} connections of each kind last`,
  (mode) => {
    let seen: Outcome;
    beforeAll(async () => {
      seen = await runInsideAsRoot("leasing/kept.inside.ts", timeoutMs, [String(COUNT), String(ROUNDS), mode]);
      if (ROUNDS > 1)
        console.table(
          Object.entries(seen.outcome).flatMap(([fault, all]) =>
            all.map((kept) => ({ fault, ...kept.kept, medianMs: kept.medianMs, mostMs: kept.mostMs })),
          ),
        );
    }, timeoutMs);

    test.each(FAULTS)("%s: every connection is kept, also silent ones, and datagrams go on", (fault) => {
      const { all } = seen;
      const kept = (seen.outcome[fault] ?? []).map((each) => each.kept);
      expect(kept).toEqual(Array(ROUNDS).fill({ downloads: all, uploads: all, datagrams: all }));
    });

    test("without their entries on the pod's node they are not (negative control)", () => {
      expect(seen.control).toBeLessThan(seen.all);
    });
  },
);
