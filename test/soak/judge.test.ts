// What the outside host saw on a pod's port, and whether it was right
import fc from "fast-check";
import { expect, test } from "vitest";
import { createRandom } from "../sim/random.ts";
import { nextDeclaration } from "./churn.ts";
import { createHistory } from "./history.ts";
import { wrongPings, wrongSources } from "./judge.ts";
import { type Declaration, FIRST_DECLARATION, type PodClass, PROBED_IP } from "./manifests.ts";
import type { Incarnation } from "./pods.ts";

const PORT = 20_000;
const incarnation = (podClass: PodClass): Incarnation => ({
  pod: {
    ...{ namespace: "alice", name: "soak-0", uid: "u", node: "worker1", labels: {} },
    ...{ ip: "10.10.1.50", mac: "02:5a:00:00:00:00" },
  },
  ...{ podClass, nodeIP: "192.168.1.1", port: PORT, fromMs: 0, untilMs: 100, heldMs: null },
});

test.each<[PodClass, string, number]>([
  ["red", PROBED_IP, 0],
  ["red", "192.168.1.1", 1],
  ["red", "192.168.1.101", 1],
  ["red", "10.10.1.50", 1],
  ["unselected", "192.168.1.1", 0],
  ["unselected", "10.10.1.50", 0],
  ["unselected", PROBED_IP, 1],
])("a pod that is %s and seen as %s", (podClass, source, wrong) => {
  const history = createHistory(FIRST_DECLARATION);
  const seen = new Map([[PORT, new Set([source])]]);
  expect(wrongSources([incarnation(podClass)], seen, history, 200)).toHaveLength(wrong);
});

test("echoes come from probes alone", () => {
  expect(wrongPings([PROBED_IP])).toEqual([]);
  expect(wrongPings([PROBED_IP, "192.168.1.1"])).toHaveLength(1);
});

test("whatever is declared next is another declaration, in which no address has two owners", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = createRandom(seed);
      let before: Declaration = FIRST_DECLARATION;
      for (let step = 0; step < 30; step++) {
        const next = nextDeclaration(before, random);
        expect(next).not.toEqual(before);
        const addresses = Object.values(next.addresses);
        expect(new Set(addresses).size).toBe(addresses.length);
        expect(next.addresses.red).toBe(PROBED_IP);
        before = next;
      }
    }),
  );
});
