// Who holds what, by what the state orders, what this node claims, and what others told
import { describe, expect, test } from "vitest";
import { desiredOf, type Holding, withLease } from "../../../nodeagent/leasing/effective.ts";
import type { Holder } from "../../../nodeagent/moves/listener.ts";
import type { LeasedAddress, LeaseOrder, NodeState } from "../../../policies/nodestate.ts";
import { gateway, nodeState } from "../states.ts";

const IP = "192.168.1.100";
const address: LeasedAddress = { ip: IP, id: 1, candidates: ["worker1", "worker2"], holder: null };

function order(addresses: readonly LeasedAddress[]): LeaseOrder {
  return {
    addresses,
    nodes: [1, 2].map((worker) => {
      const { node, underlayIP, mac } = gateway(1, worker as 1 | 2);
      return { node, underlayIP, mac };
    }),
    floatingIPs: addresses.map(({ ip }) => ip),
    gatewayMacs: [],
    witnesses: { version: 1, members: ["worker1#a"] },
    targetWitnesses: null,
    peers: [],
  };
}

const stateOf = (holder: LeasedAddress["holder"]): NodeState =>
  nodeState(1, { lease: order([{ ...address, holder }]) });
const nothing: Holding = new Map();
const claims = (epoch: number | null): Holding => new Map([[IP, epoch]]);
const told = (node: string, epoch: number): readonly Holder[] => [{ ip: IP, node, epoch }];
const [own, other] = [gateway(1, 1), gateway(1, 2)];

describe("on worker1", () => {
  test.each<[string, LeasedAddress["holder"], Holding, readonly Holder[], string | null, boolean]>([
    ["nobody is known to hold it", null, nothing, [], null, false],
    ["the plan knows a holder", { node: "worker2", epoch: 4 }, nothing, [], "worker2", false],
    ["a node told that it took it", { node: "worker2", epoch: 4 }, nothing, told("worker2", 5), "worker2", false],
    ["this node claims it, newer than the plan", { node: "worker2", epoch: 4 }, claims(5), [], "worker1", true],
    ["this node is about to let it go", null, claims(4), told("worker2", 5), "worker2", true],
    ["it is open since the run before", { node: "worker2", epoch: 4 }, claims(null), [], "worker1", true],
    ["the plan believes this node holds it, which does not", { node: "worker1", epoch: 4 }, nothing, [], null, false],
  ])("%s", (_, holder, holding, newer, expected, isHeld) => {
    const { held, gateways } = withLease(stateOf(holder), holding, newer);
    expect(gateways).toEqual(expected === null ? [] : [expected === "worker1" ? own : other]);
    expect(held).toEqual(isHeld ? [{ ip: IP, id: 1 }] : []);
  });

  test("a gateway of before there was a lease serves until a holder is known", () => {
    expect(withLease(stateOf(null), nothing, [], [other]).gateways).toEqual([other]);
    expect(withLease(stateOf(null), claims(1), [], [other]).gateways).toEqual([own]);
  });

  test("a claimed address that the state does not name is not kept on the device", () => {
    const state = nodeState(1, { lease: order([]) });
    expect(withLease(state, claims(1), []).held).toEqual([]);
  });

  test("without a lease the state is what it says", () => {
    const state = nodeState(1, { held: [{ ip: IP, id: 1 }], gateways: [own] });
    expect(withLease(state, nothing, told("worker2", 5))).toBe(state);
  });

  test("it asks for addresses that it may hold, but for those withheld", () => {
    const foreign = { ...address, ip: "192.168.1.101", id: 2, candidates: ["worker2"] };
    const released = { ...address, ip: "192.168.1.102", id: 3, releaseEpoch: 7 };
    const withheld = { ...address, ip: "192.168.1.103", id: 4 };
    const all = order([address, foreign, released, withheld]);
    expect(desiredOf(all, "worker1", new Set([withheld.ip]))).toEqual({
      addresses: [
        { ip: IP, candidates: address.candidates },
        { ip: released.ip, candidates: address.candidates, releaseEpoch: 7 },
      ],
      witnesses: all.witnesses,
      targetWitnesses: null,
    });
  });
});
