// Pods with an address of each family, under an IPv4 and an IPv6 policy at once; the nodes' outer packets are IPv4.
// worker1: .5 selected by both, .6 by an IPv4 policy for 0.0.0.0/0 alone, .7 selected but unknown · worker2: .5, the gateway
import { beforeAll, describe, expect, test } from "vitest";
import type { NodeReport } from "../../policies/nodestate.ts";
import { runInside } from "./private.ts";

type OfBoth<T> = Readonly<Record<"IPv4" | "IPv6", T>>;
type Seen = Readonly<Record<string, readonly [string, string]>>;
type Trip = OfBoth<{ readonly source: string; readonly counted: boolean }>;

interface Steps {
  readonly before: Seen;
  readonly reports: readonly NodeReport[];
  readonly with: Seen;
  readonly secondPass: readonly (readonly string[])[];
  readonly discovery: string;
  readonly anotherMac: readonly string[];
  readonly inbound: OfBoth<{ readonly nodeAddress: number; readonly floatingIP: number; readonly ping: number }>;
  readonly transfers: OfBoth<object>;
  readonly mtus: OfBoth<object>;
  readonly withoutClamping: OfBoth<boolean>;
  readonly besideTunnel: Trip;
  readonly withoutSnat: Trip;
  readonly repaired: Seen;
  readonly neighbours: { readonly before: OfBoth<string>; readonly after: OfBoth<string> };
  readonly afterMove: Seen;
  readonly addressChosen: string;
  readonly untouchedAgain: readonly string[];
  readonly after: Seen;
}

const ofBoth = <T>(value: T): OfBoth<T> => ({ IPv4: value, IPv6: value });
const [node1, node2, floating] = [1, 2, 100].map((number) => [`192.168.1.${number}`, `fd00:1::${number}`] as const);
const nodeAddresses = { SELECTED: node1, ONLY_IPV4_SELECTED: node1, UNKNOWN: node1, ON_GATEWAY: node2 };
const withPolicies = {
  SELECTED: floating,
  ONLY_IPV4_SELECTED: [floating?.[0], node1?.[1]],
  UNKNOWN: ["held", "held"],
  ON_GATEWAY: floating,
};

describe.each(["stateful", "stateless"])("a dual-stack cluster, %s gateways", (mode) => {
  let steps: Steps;
  beforeAll(async () => {
    steps = await runInside("dual.inside.ts", 90_000, [mode]);
  }, 90_000);

  test("each family leaves with its own policy's floating IP; a policy for 0.0.0.0/0 says nothing about IPv6", () => {
    expect(steps.before).toEqual(nodeAddresses);
    expect(steps.with).toEqual(withPolicies);
  });

  test("a pod with two addresses is one pod", () => {
    expect(steps.reports.map(({ kernel }) => kernel.pods)).toEqual([2, 1]);
    expect(steps.reports[0]?.kernel.heldPods).toEqual(["default/pod-10-10-1-7"]);
    expect(steps.reports[1]?.kernel.held).toEqual(["192.168.1.100", "fd00:1::100"]);
    expect(steps.secondPass).toEqual([[], []]);
  });

  test("an unknown pod still reaches what is never routed, though policies' destinations are 0.0.0.0/0 and ::/0", () => {
    expect(steps.discovery.split("\n")).toEqual(["next hop", "all nodes", "169.254.20.10"]);
  });

  test("a known address with another MAC address is another pod, still unknown: it is held", () => {
    expect(steps.anotherMac).toEqual(["held", "held"]);
  });

  test("nothing is served on a floating IP, not even a refusal; the node's own address serves as before", () => {
    expect(steps.inbound).toEqual(ofBoth({ nodeAddress: 0, floatingIP: 124, ping: 1 }));
  });

  test("big transfers and datagrams in fragments come through, also where a link behind the gateway takes smaller packets only", () => {
    expect(steps.transfers).toEqual(
      ofBoth({
        ...{ toOutside: true, overSmallerLink: true, fromGatewayNode: true },
        ...{ fragments: true, fragmentsOverSmallerLink: true },
      }),
    );
  });

  test("the pod is told by ICMP which packets are too big for the overlay, and for a link behind the gateway", () => {
    expect(steps.mtus).toEqual(ofBoth({ overlay: 1_450, beyond: 1_300, fits: null }));
    expect(steps.withoutClamping).toEqual(ofBoth(true));
  });

  test("the guard drops and counts what would leave beside the tunnel, or without SNAT", () => {
    expect(steps.besideTunnel).toEqual(ofBoth({ source: "held", counted: true }));
    expect(steps.withoutSnat).toEqual(ofBoth({ source: "held", counted: true }));
    expect(steps.repaired).toEqual(withPolicies);
  });

  test("a moved address: the neighbours are told at once, and pods keep it", () => {
    expect(steps.neighbours).toEqual({ before: ofBoth("worker2"), after: ofBoth("worker1") });
    expect(steps.afterMove).toEqual(withPolicies);
  });

  test("the node does not choose a floating IP as its own source", () => {
    expect(steps.addressChosen).toBe("src fd00:1::1");
  });

  test("uninstalling leaves everything as it was before the installation", () => {
    expect(steps.untouchedAgain).toEqual(["as before", "as before"]);
    expect(steps.after).toEqual(nodeAddresses);
  });
});
