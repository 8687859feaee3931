// A policy whose address nobody holds, and that wants the node's address meanwhile. worker2 is the gateway of the first and
// the second address; a pod of each worker has a connection that is idle, one on which it speaks, one on which only the
// server does, and sends datagrams that are answered and such that are not.
import { beforeAll, describe, expect, test } from "vitest";
import { PLAN } from "./plan.ts";
import { runInside } from "./private.ts";

interface Steps {
  readonly before: readonly string[];
  /** Resets as reported, when the holder is lost. */
  readonly lost: readonly string[];
  /** As the pods see them, then. */
  readonly ends: readonly (readonly string[])[];
  readonly meanwhile: readonly string[];
  readonly sourcesMeanwhile: readonly string[];
  /** Resets, when there is a holder again. */
  readonly found: readonly string[];
  /** Connections that were begun meanwhile carry bytes after that. */
  readonly flow: boolean;
  readonly datagramsAfter: readonly string[];
  readonly after: readonly string[];
  readonly longerPrefix: readonly string[];
  readonly shorterPrefix: readonly string[];
}

describe.each([
  [4, "stateful"],
  [6, "stateful"],
  [4, "stateless"],
  [6, "stateless"],
] as const)("IPv%d, %s gateways: the node's address while nobody holds the policy's", (family, mode) => {
  const [node1 = "", node2 = "", first = "", second = ""] = [1, 2, 100, 101].map(PLAN[family].inNodeSubnet);
  const nodes = [node1, node2];
  const kinds = (kind: string, sources: readonly string[]) => sources.map((source) => `${kind} ${source}`);
  let steps: Steps;
  beforeAll(async () => {
    steps = await runInside("node-ip.inside.ts", 60_000, [String(family), mode]);
  }, 65_000);

  test("connections under the policy's address end, and it is said why; new ones have the node's", () => {
    expect(steps.before).toEqual([first, first]);
    expect(steps.lost).toEqual(Array(2).fill("reset 3 connections of policy policy-1: nobody holds its address"));
    expect(steps.ends.flat()).toEqual(Array(6).fill("reset"));
    expect(steps.meanwhile).toEqual(nodes);
    expect(steps.sourcesMeanwhile).toEqual(["answered", "oneWay", "tcp"].flatMap((kind) => kinds(kind, nodes)));
  });

  test("when somebody holds it again new connections have it, and those with the node's address stay as they are", () => {
    expect(steps.found).toEqual([]);
    expect(steps.flow).toBe(true);
    expect(steps.datagramsAfter).toEqual([
      ...kinds("answered", nodes),
      // Nobody answers, so it is no connection.
      ...kinds("oneWay", [first]),
    ]);
    expect(steps.after).toEqual([first, first]);
  });

  test("the longest prefix decides, whichever of two policies has nobody that holds its address", () => {
    expect(steps.longerPrefix).toEqual(nodes);
    expect(steps.shorterPrefix).toEqual([second, second]);
  });
});
