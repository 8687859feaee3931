// The mode of the gateways changes while a pod of each worker keeps connections (conversations.ts): one node after the
// other, in both orders. worker2 is the gateway.
import { beforeAll, describe, expect, test } from "vitest";
import { PLAN } from "../plan.ts";
import { runInside } from "../private.ts";

interface Change {
  readonly errors: readonly string[];
  /** What a new connection of each pod is seen as when one node has changed. */
  readonly halfway: readonly string[];
  /** Connections of before. */
  readonly ended: readonly string[];
  /** What the outside host saw meanwhile, and when all is done. */
  readonly during: readonly string[];
  readonly after: readonly string[];
  readonly datagrams: readonly string[];
}

describe.each([4, 6] as const)("IPv%d: the mode changes", (family) => {
  const floating = PLAN[family].inNodeSubnet(100);
  const under = (...kinds: readonly string[]) => kinds.map((kind) => `${kind} ${floating}`);
  let changes: Readonly<Record<string, Change>>;
  beforeAll(async () => {
    changes = await runInside("stateless/mode-change.inside.ts", 110_000, [String(family)]);
  }, 115_000);

  test.each([
    ["stateless, worker1 first", 6],
    ["stateless, worker2 first", 6],
    ["stateful, worker1 first", 2],
    ["stateful, worker2 first", 2],
  ])("%s: no packet has another address, connections end, and new ones work", (name, ended) => {
    expect(changes[name]).toEqual({
      errors: [],
      // The two nodes do not understand each other, so the pod behind the gateway is held.
      halfway: ["held", floating],
      ended: Array(ended).fill("reset"),
      during: under("answered", "oneWay", "tcp"),
      after: [floating, floating],
      datagrams: under("answered", "oneWay"),
    });
  });
});
