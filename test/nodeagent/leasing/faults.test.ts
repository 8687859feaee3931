// Three agents as processes · a pod that sends through a gateway on another node · every frame taken at the gateways' ports
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import { holdersSeen } from "./holders-seen.ts";
import type { Outage } from "./outage.ts";

/** Each has every fault once, and takes half a minute for a family. */
const ROUNDS = Number(process.env.ROUNDS ?? 1);
const timeoutMs = 60_000 + 40_000 * ROUNDS;
const FAULTS = [
  "frozen",
  "killed",
  "links down",
  "cut off from the nodes",
  "not heard by the nodes",
  "deaf to the nodes",
];

interface TakenOver extends Outage {
  /** The new holder said so, unasked. */
  readonly announced: boolean;
}

interface Suffered {
  readonly outages: Readonly<Record<string, readonly TakenOver[]>>;
  readonly restart: Outage & { readonly exitCode: number };
  readonly move: Outage;
  readonly blackout: Outage;
  /** From the frames, and from the reports. */
  readonly seen: readonly string[];
  readonly takenBy: readonly string[];
  /** Changes of the sender in half a second without gates. */
  readonly control: number;
}

const FAMILIES = [{ family: 4 }, { family: 6 }];

describe.runIf(isRoot).each(FAMILIES)(`IPv$family: a gateway is lost, ${ROUNDS} times in each way`, ({ family }) => {
  let suffered: Suffered;
  beforeAll(async () => {
    suffered = await runInsideAsRoot("leasing/faults.inside.ts", timeoutMs, [String(ROUNDS), String(family)]);
    if (ROUNDS > 1) console.table(Object.entries(suffered.outages).map(([fault, outages]) => summary(fault, outages)));
  }, timeoutMs);

  test("never do two nodes send under the address", () => {
    expect(suffered.seen).toEqual(suffered.takenBy);
  });

  test("without gates both answer, and the capture shows it", () => {
    expect(suffered.control).toBeGreaterThan(10);
  });

  test.each(FAULTS)("%s: another node takes over, and what the pod sends comes back again", (fault) => {
    expect(suffered.outages[fault]).toHaveLength(ROUNDS);
    for (const { lost, announced } of suffered.outages[fault] ?? []) {
      expect(lost).toBeGreaterThan(0);
      expect(announced).toBe(true);
    }
  });

  test("an agent that ends and starts again costs no packet", () => {
    expect(suffered.restart).toMatchObject({ exitCode: 0, lost: 0 });
  });
});

function summary(fault: string, outages: readonly Outage[]) {
  const gaps = outages.map(({ gapMs }) => gapMs).sort((a, b) => a - b);
  const at = (share: number) => gaps[Math.min(gaps.length - 1, Math.floor(share * gaps.length))];
  return { fault, times: gaps.length, medianMs: at(0.5), p99Ms: at(0.99), mostMs: gaps.at(-1) };
}

test("two that send at the same time are seen again and again", () => {
  const by = (node: string, ...times: readonly number[]) => times.map((atMs) => ({ by: node, atMs }));
  expect(holdersSeen([...by("a", 1, 2), ...by("b", 3, 4)])).toEqual(["a", "b"]);
  expect(holdersSeen([...by("a", 1, 3), ...by("b", 2, 4)])).toEqual(["a", "b", "a", "b"]);
});
