// Connections under way when policies change. Each pod has one that is idle, one on which it speaks every 5 ms, one on which
// only the server does, and sends datagrams that are answered and such that are not.
// worker1: a pod (source) and one that nothing happens to (bystander) · worker2: gateway of both floating IPs, and a pod
import { beforeAll, describe, expect, test } from "vitest";
import { PLAN } from "./plan.ts";
import { runInside } from "./private.ts";

/** By pod: what it says of a connection's end, and what the server says. */
interface Ends {
  readonly idle: string;
  readonly talk: string;
  readonly download: string;
}

interface Outcome {
  readonly errors: readonly string[];
  readonly resets: readonly string[];
  readonly source: Ends;
  readonly gateway: Ends;
  readonly bystander: Ends;
  /** Addresses that the outside host saw, from the change on, of `tcp`, `oneWay` and `answered` packets. */
  readonly sources: Readonly<Record<string, readonly string[]>>;
  /** Later on. */
  readonly settledSources: Readonly<Record<string, readonly string[]>>;
}

const all = (end: string): Ends => ({ idle: end, talk: end, download: end });
const told = all("reset / reset");
const kept = all("open / open");
/** The way to the server is gone when the pod speaks again; an idle one never does. */
const toldLate = { idle: "open / open", talk: "reset / open", download: "reset / open" };

const GONE = "it does not apply to the pod any more";
const MOVED = "its address changed";
const NARROWED = "it does not decide about the destination any more";
const lines = (why: string, ...counts: readonly number[]) =>
  counts.map((count) => `reset ${count} connections of policy a: ${why}`);

/** Legend of addresses. */
type Address = "first" | "second" | "node1" | "node2";

type Row = readonly [
  situation: string,
  name: string,
  pods: Ends,
  bystander: Ends,
  datagrams: readonly Address[],
  resets: readonly string[],
];

const rows: readonly Row[] = [
  ["the policy is removed", "removed", told, told, ["node1", "node2"], lines(GONE, 6, 3)],
  ["its address changes", "address", told, told, ["second"], lines(MOVED, 6, 3)],
  ["and the former one is released", "released", told, told, ["second"], lines(MOVED, 6, 3)],
  ["its destination is narrowed", "narrowed", told, told, ["node1", "node2"], lines(NARROWED, 6, 3)],
  ["the pods' labels: not selected", "deselected", told, kept, ["first", "node1", "node2"], lines(GONE, 3, 3)],
  ["the pods' labels: another policy", "otherPolicy", told, kept, ["first", "second"], lines(GONE, 3, 3)],
  ["another policy is edited", "edited", kept, kept, ["first"], []],
  ["a pod is gone", "otherPod", kept, told, ["first"], lines("the pod is gone", 3)],
];

describe.each([
  [4, "stateful"],
  [6, "stateful"],
  [4, "stateless"],
  [6, "stateless"],
] as const)("IPv%d, %s gateways: connections under way", (family, mode) => {
  const { inNodeSubnet } = PLAN[family];
  const legend = {
    first: inNodeSubnet(100),
    second: inNodeSubnet(101),
    node1: inNodeSubnet(1),
    node2: inNodeSubnet(2),
  };
  const addresses = (...names: readonly Address[]) => names.map((name) => legend[name]).sort();
  let outcomes: Readonly<Record<string, Outcome>>;
  const of = (name: string) => outcomes[name] as Outcome;
  beforeAll(async () => {
    outcomes = await runInside("resets.inside.ts", 80_000, [String(family), mode]);
  }, 85_000);

  test.each(rows)("%s: who is told", (_situation, name, pods, bystander, _datagrams, resets) => {
    const { errors, source, gateway, resets: reported, ...others } = of(name);
    expect({ errors, source, gateway, bystander: others.bystander }).toEqual({
      errors: [],
      source: pods,
      gateway: pods,
      bystander,
    });
    expect(reported).toEqual(resets);
  });

  test.each(rows)("%s: no packet of a connection has another address than it began with", (_situation, name) => {
    expect(of(name).sources.tcp).toEqual(addresses("first"));
  });

  test.each(rows)("%s: datagrams follow at once", (_situation, name, _pods, _bystander, datagrams) => {
    const { sources, settledSources } = of(name);
    const { oneWay, answered } = settledSources;
    expect({ oneWay, answered }).toEqual({ oneWay: addresses(...datagrams), answered: addresses(...datagrams) });
    const [before, after] = [addresses("first"), addresses(...datagrams)];
    const either = [...new Set([...before, ...after])].sort();
    expect({ oneWay: sources.oneWay, answered: sources.answered }).toEqual({ oneWay: either, answered: either });
  });

  test("a longer prefix of another policy leads new connections elsewhere: the others stay, answered datagrams too", () => {
    const { source, gateway, bystander, resets, sources, settledSources } = of("longerPrefix");
    expect({ source, gateway, bystander, resets }).toEqual({
      source: kept,
      gateway: kept,
      bystander: kept,
      resets: [],
    });
    expect(sources.tcp).toEqual(addresses("first"));
    expect(settledSources).toMatchObject({ oneWay: addresses("second"), answered: addresses("first") });
  });

  test("a pod that cannot be reached is told when it speaks, and until then nothing leaks", () => {
    const { source, gateway, sources, settledSources } = of("unreachable");
    expect({ source, gateway }).toEqual({ source: toldLate, gateway: told });
    expect(sources.tcp).toEqual(addresses("first"));
    expect(settledSources.tcp).toBeUndefined();
  });
});
