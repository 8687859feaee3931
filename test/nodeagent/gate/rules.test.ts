// worker1's gate in each of its states · worker2 silent · outside asks · taken at worker1's port of the switch
import { beforeAll, describe, expect, test } from "vitest";
import { isRoot, runInsideAsRoot } from "../private.ts";
import { ALL_ARRIVALS, ALL_KINDS, type Emissions } from "./emissions.ts";

interface Result {
  readonly seen: Readonly<Record<string, Emissions>>;
  readonly refused: unknown;
  readonly samePort: unknown;
  readonly onLoopback: unknown;
}

describe.runIf(isRoot)("frames that claim a floating IP", () => {
  let result: Result;
  beforeAll(async () => {
    result = await runInsideAsRoot("gate/rules.inside.ts", 60_000, []);
  });

  // Whoever may use one address may not use it to advertise another, nor the other way round.
  const mayLeave = ALL_KINDS.filter((kind) => !/another (floating|address)/.test(kind));
  const ofIPv4 = (words: string) => !words.includes("IPv6") && !/neighbour|advertisement/.test(words);

  test.each([
    { gate: "no gate", left: ALL_KINDS, arrived: ALL_ARRIVALS },
    { gate: "no lease", left: [], arrived: [] },
    { gate: "open", left: mayLeave, arrived: ALL_ARRIVALS },
    { gate: "behind the curtain", left: [], arrived: ALL_ARRIVALS },
    { gate: "IPv4 only", left: mayLeave.filter(ofIPv4), arrived: ALL_ARRIVALS.filter(ofIPv4) },
    { gate: "another's address", left: [], arrived: [] },
    { gate: "released", left: [], arrived: [] },
    { gate: "gate removed", left: ALL_KINDS, arrived: ALL_ARRIVALS },
  ])("$gate", ({ gate, left, arrived }) => {
    expect(result.seen[gate]).toEqual({ left, arrived, ownAddress: true });
  });

  test("only root with the key of this run is heard", () => {
    expect(result.refused).toEqual({ nobody: false, anotherKey: false, rootWithKey: true });
  });

  test("whatever else is on loopback passes", () => {
    const ways = ["UDP", "TCP", "ICMP"].flatMap((protocol) => [`${protocol} 127.0.0.1`, `${protocol} ::1`]);
    expect(result.onLoopback).toEqual(ways);
  });

  test("a second agent in one network namespace is told why not", () => {
    expect(result.samePort).toBe("UDP port 7790 on 127.0.0.1 is taken: does another agent run on this node?");
  });
});
