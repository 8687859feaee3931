// worker1: a pod with a policy · worker2: the stateless gateway of its floating IP, and a pod of its own (second of each two)
// IPv6: nodes without any IPv4 address, so the outer packets are IPv6 too
import { beforeAll, describe, expect, test } from "vitest";
import { PLAN } from "../plan.ts";
import { runInside } from "../private.ts";

interface Trip {
  readonly source: string;
  readonly counted: boolean;
}

interface Steps {
  readonly seen: readonly string[];
  /** Connections of the pod on worker1 that worker2 tracks. */
  readonly entriesAtGateway: number;
  readonly refused: readonly string[];
  /** Of the first pod, after one hop and after two; of the second, after one. */
  readonly hops: readonly string[];
  readonly mtuAtGateway: readonly (number | null)[];
  readonly transfers: readonly boolean[];
  readonly fragments: readonly boolean[];
  readonly fragmentsWithRoom: readonly boolean[];
  readonly withoutFirst: { readonly arrived: boolean; readonly counted: boolean };
  /** At port 80, at one of worker1's ports, at one of worker2's; 124: no answer at all. */
  readonly knocks: readonly number[];
  /** Entries that begin outside, on both nodes. */
  readonly begunOutside: number;
  readonly portless: { readonly held: number; readonly seen: number };
  readonly moreThanPorts: { readonly inside: boolean; readonly beside: number };
  readonly deviceReplaced: readonly string[];
  readonly seenAfterReplacement: readonly string[];
  readonly besideTunnel: Trip;
  readonly untranslated: Trip & { readonly arrived: number };
  readonly unmarked: Trip;
  readonly goesOn: string;
  readonly oldPortInBlock: boolean;
  readonly newConnectionOnOldPort: string;
}

describe.each([4, 6] as const)("IPv%d, stateless gateways", (family) => {
  const [node1, node2, floating] = [1, 2, 100].map(PLAN[family].inNodeSubnet);
  const both = <T>(value: T) => [value, value];
  let steps: Steps;
  beforeAll(async () => {
    steps = await runInside("stateless/datapath.inside.ts", 90_000, [String(family)]);
  }, 95_000);

  test("pods have the floating IP, and the gateway tracks nothing of what it passes on", () => {
    expect(steps.seen).toEqual(both(floating));
    expect(steps.entriesAtGateway).toBe(0);
  });

  test("ICMP errors reach the pod: of the server, of its own node, and of the gateway", () => {
    expect(steps.refused).toEqual(both("ECONNREFUSED"));
    expect(steps.hops).toEqual([node1, floating, node2]);
    expect(steps.mtuAtGateway).toEqual(both(1_300));
    expect(steps.transfers).toEqual(both(true));
  });

  test("fragments follow the first of them; without it they are dropped and counted", () => {
    // Outer IPv6 packets are never cut in pieces, so where the underlay is IPv6 and has no room for more, they are lost.
    expect(steps.fragments).toEqual([family === 4, true]);
    expect(steps.fragmentsWithRoom).toEqual(both(true));
    expect(steps.withoutFirst).toEqual({ arrived: false, counted: true });
  });

  test("what begins outside is not answered, not even with a refusal, and begins no entry", () => {
    expect(steps.knocks).toEqual([124, 124, 124]);
    expect(steps.begunOutside).toBe(0);
  });

  test("protocols without ports are held, and counted", () => {
    expect(steps.portless).toEqual({ held: 1, seen: 0 });
  });

  test("with more connections than ports nothing leaves with another node's port", () => {
    expect(steps.moreThanPorts).toEqual({ inside: true, beside: 0 });
  });

  test("another overlay device on the gateway: its rules are made anew, for they name it by number", () => {
    expect(steps.deviceReplaced).toContain("installed table netdev sallyport_gw: it is missing");
    expect(steps.seenAfterReplacement).toEqual(both(floating));
  });

  test("the guard drops and counts what leaves beside the tunnel, in it without the floating IP, or unmarked under it", () => {
    expect(steps.besideTunnel).toEqual({ source: "held", counted: true });
    expect(steps.untranslated).toEqual({ source: "held", counted: true, arrived: 0 });
    expect(steps.unmarked).toEqual({ source: "silent", counted: true });
    expect(steps.goesOn).toBe(floating);
  });

  test("a port that another node is given while a server still sends to it: a new connection on it works", () => {
    expect(steps.oldPortInBlock).toBe(true);
    expect(steps.newConnectionOnOldPort).toBe(floating);
  });
});
