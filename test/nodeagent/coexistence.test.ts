// What else is on a node, before and with a policy that selects both pods, for both families: the source that is seen.
import { beforeAll, describe, expect, test } from "vitest";
import { runInside } from "./private.ts";

interface Outcome {
  readonly before: Readonly<Record<string, string>>;
  readonly after: Readonly<Record<string, string>>;
  readonly marks: readonly string[];
}

// pod-1-5 is on worker1, pod-2-5 on worker2, which holds the floating IP
const rows: readonly (readonly [what: string, before: string, after: string])[] = [
  ["a selected pod to the outside", "worker1", "floating IP"],
  ["the same from the gateway's node", "worker2", "floating IP"],
  ["a pod to a Service with an endpoint outside", "worker1", "floating IP"],
  ["a pod to a pod", "pod-1-5", "pod-1-5"],
  ["a pod to a Service", "pod-1-5", "pod-1-5"],
  ["a pod to its own node's address", "pod-1-5", "pod-1-5"],
  ["a pod to another node", "worker1", "worker1"],
  ["a node to the outside", "worker1", "worker1"],
  ["a node to a selected pod", "worker1", "worker1"],
  ["the outside to a host port", "outside", "outside"],
  ["the outside to a node port of a pod elsewhere", "worker1", "worker1"],
  ["what a network policy forbids", "nothing", "nothing"],
];

describe.each([4, 6])("beside kube-proxy, a CNI plugin and network policies, IPv%i", (family) => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInside<Outcome>("coexistence.inside.ts", 60_000, [String(family)]);
  });

  test.each(rows)("%s: %s, then %s", (what, before, after) => {
    expect([outcome.before[what], outcome.after[what]]).toEqual([before, after]);
  });

  test("bits of others in the mark of a connection stay", () => {
    expect(outcome.marks.map((mark) => Number(mark.slice("mark=".length)) & 0x2000000)).toContain(0x2000000);
    expect(outcome.marks.map((mark) => Number(mark.slice("mark=".length)) & 0x3fff)).toContain(1);
  });
});
