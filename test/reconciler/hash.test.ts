import fc from "fast-check";
import { expect, test } from "vitest";
import type { NodeState } from "../../policies/nodestate.ts";
import { hashState } from "../../reconciler/signal/hash.ts";

const list = fc.array(fc.constantFrom("10.0.0.0/8", "10.0.0.0/16", "192.168.1.1"), { maxLength: 3 });
const states: fc.Arbitrary<NodeState> = fc.record({
  node: fc.constantFrom("worker1", "worker2"),
  underlayIP: fc.constant("192.168.1.1"),
  mac: fc.constant("02:e9:c0:a8:01:01"),
  overlay: fc.record({ vni: fc.integer({ min: 1, max: 2 }), port: fc.constant(4790) }),
  podCIDRs: list,
  noEgressCIDRs: list,
  nodeIPs: list,
  destinations: list,
  held: fc.array(fc.record({ ip: fc.constant("192.168.1.100"), id: fc.integer({ min: 1, max: 2 }) }), { maxLength: 1 }),
  gateways: fc.constant([]),
  gatewayMode: fc.constantFrom("stateful", "stateless"),
  portBlock: fc.option(fc.record({ firstPort: fc.constantFrom(1024, 2048), ports: fc.constant(1024) })),
  sourceNodes: fc.array(
    fc.record({
      ...{
        node: fc.constantFrom("a", "b"),
        underlayIP: fc.constant("192.168.1.1"),
        mac: fc.constant("02:e9:c0:a8:01:01"),
      },
      block: fc.record({ firstPort: fc.constantFrom(1024, 2048), ports: fc.constant(1024) }),
    }),
    { maxLength: 2 },
  ),
  lease: fc.option(
    fc.record({
      addresses: fc.constant([]),
      nodes: fc.constant([]),
      floatingIPs: list,
      gatewayMacs: list,
      witnesses: fc.record({ version: fc.integer({ min: 1, max: 2 }), members: list }),
      targetWitnesses: fc.constant(null),
      peers: fc.array(
        fc.record({ node: fc.constantFrom("a", "b"), ip: fc.constant("192.168.1.1"), publicKey: fc.constant("k") }),
        { maxLength: 2 },
      ),
    }),
  ),
  classes: fc.constant([]),
  pods: fc.array(
    fc.record({
      namespace: fc.constant("web"),
      name: fc.constantFrom("a", "b"),
      uid: fc.constant("u"),
      ips: list,
      class: fc.constantFrom("p", null),
    }),
    { maxLength: 2 },
  ),
});

test("states have equal hashes exactly if they are equal, be their lists the same objects or not", () => {
  fc.assert(
    fc.property(states, states, (a, b) => {
      expect(hashState(structuredClone(a))).toBe(hashState(a));
      expect(hashState({ ...b, nodeIPs: a.nodeIPs }) === hashState(a)).toBe(
        JSON.stringify({ ...b, nodeIPs: a.nodeIPs }) === JSON.stringify(a),
      );
    }),
    { numRuns: 1000 },
  );
});

test.each<keyof NodeState>([
  "podCIDRs",
  "noEgressCIDRs",
  "nodeIPs",
  "destinations",
  "held",
  "gateways",
  "gatewayMode",
  "portBlock",
  "classes",
  "pods",
])("a state that differs in %s alone has another hash", (field) => {
  const [state] = fc.sample(states, { numRuns: 1, seed: 1 }) as [NodeState];
  expect(hashState({ ...state, [field]: ["another"] })).not.toBe(hashState(state));
});
