/** Planning that follows the pods: always what a full plan would be, and no more new objects than there is news. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Intent, LabelSelector } from "../../policies/intent.ts";
import { nothingBefore, type Plan, plan, startPlanning } from "../../policies/plan.ts";
import { Planner } from "../../policies/planner.ts";
import { podChanges } from "../../policies/podchanges.ts";
import { matches } from "../../policies/selectors.ts";
import type { NamespaceView, PodView, View } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";

const label = fc.constantFrom("a", "b", "c");
const labels = fc.record({ app: label, tier: label }, { requiredKeys: [] });
const selector: fc.Arbitrary<LabelSelector> = fc
  .array(
    fc.record({
      key: fc.constantFrom("app", "tier", "kubernetes.io/metadata.name"),
      operator: fc.constantFrom("In", "NotIn", "Exists", "DoesNotExist"),
      values: fc.subarray(["a", "b", "web", "unseen"], { minLength: 1 }),
    }),
    { maxLength: 1 },
  )
  .map((requirements) => ({ requirements }));

const pods: fc.Arbitrary<PodView> = fc.record({
  namespace: fc.constantFrom("web", "db", "unseen"),
  name: fc.constantFrom("p1", "p2", "p3"),
  uid: fc.constantFrom("", "u1", "u2"),
  node: fc.constantFrom("worker1", "worker2", "worker3", "nowhere"),
  ips: fc.oneof(fc.constantFrom(["10.10.0.1"], ["10.10.0.2"]), fc.subarray(["10.10.0.1", "fd00::1", "rubbish"])),
  labels,
  hostNetwork: fc.nat(3).map((n) => n === 0),
  workload: fc.constant(null),
});

const addresses = ["192.168.1.100", "192.168.1.101", "192.168.1.102", "192.168.1.1", "172.16.0.1"];
const destinations = fc.subarray(["0.0.0.0/0", "8.0.0.0/8", "8.8.0.0/16", "8.8.8.8/32", "::/0"], { minLength: 1 });
const sources = fc.array(fc.record({ namespaceSelector: selector, podSelector: selector }), {
  minLength: 1,
  maxLength: 2,
});
const intents: fc.Arbitrary<Intent> = fc
  .tuple(
    fc.subarray(addresses, { minLength: 3 }),
    fc.array(
      fc.record({
        ...{ sources, to: destinations, via: fc.constantFrom("g0", "g1", "g2", "g3") },
        onGatewayFailure: fc.constantFrom("drop", "nodeIP"),
      }),
      { maxLength: 5 },
    ),
    fc.constantFrom("", "now"),
    fc.constantFrom(null, "stateful", "stateless"),
  )
  .map(([main, list, rebalance, mode]) =>
    intent(
      [group("default", ...main), ...addresses.slice(0, 3).map((ip, i) => group(`g${i}`, ip))],
      list.map((fields, i) => policy(`p${i}`, fields)),
      { rebalance, gatewayMode: mode && { value: mode, at: { file: "egress.yaml", line: 1, column: 1 } } },
    ),
  );

const flags = fc.record({ ready: fc.boolean(), unschedulable: fc.boolean(), draining: fc.boolean() });
const inSubnet = fc.boolean().map((inside) => (inside ? {} : { internalIPs: ["172.16.0.9"] }));
const nodes = fc
  .tuple(fc.subarray([1, 2, 3]), fc.tuple(flags, flags, flags), inSubnet)
  .map(([numbers, fields, elsewhere]) =>
    numbers.map((n) => worker(n, { ...fields[n - 1], ...(n === 3 ? elsewhere : {}) })),
  );
const namespaces = fc
  .tuple(labels, labels)
  .map(([web, db]): NamespaceView[] => [namespace("web", web), namespace("db", db)]);
const views = fc.tuple(nodes, fc.array(pods, { maxLength: 8 }), namespaces).map((parts) => view(...parts));

/** What may happen to the pods; `at` picks one of them, whatever their number. */
interface Event {
  readonly kind: "add" | "delete" | "change" | "twin" | "move in the list";
  readonly at: number;
  readonly as: PodView;
  readonly field: keyof PodView;
}
const event: fc.Arbitrary<Event> = fc.record({
  kind: fc.constantFrom("add", "delete", "change", "twin", "move in the list"),
  at: fc.nat(),
  as: pods,
  field: fc.constantFrom("labels", "labels", "namespace", "name", "uid", "node", "ips", "hostNetwork"),
});
const events = fc.array(event, { minLength: 1, maxLength: 3 });

function happen(list: readonly PodView[], { kind, at, as, field }: Event): PodView[] {
  const i = list.length === 0 ? 0 : at % list.length;
  const [before, chosen, after] = [list.slice(0, i), list[i], list.slice(i + 1)];
  if (kind === "add" || chosen === undefined) return [...list, as];
  const changed = { ...chosen, [field]: as[field] };
  if (kind === "delete") return [...before, ...after];
  if (kind === "change") return [...before, changed, ...after];
  if (kind === "twin") return [...before, changed, chosen, ...after];
  return [...before, ...after, chosen];
}

describe("a planning", () => {
  const follow = (look: (given: { intent: Intent; view: View; before: Plan; after: Plan; full: Plan }) => void) =>
    fc.assert(
      fc.property(intents, views, views, fc.array(events, { maxLength: 8 }), (declared, earlier, first, batches) => {
        const { next } = plan(declared, earlier, nothingBefore);
        const planning = startPlanning(declared, first, next);
        let seen = first;
        for (const batch of batches) {
          const after = { ...seen, pods: batch.reduce(happen, seen.pods) };
          const before = planning.plan;
          const full = plan(declared, after, before.next);
          planning.apply(podChanges(seen.pods, after.pods));
          look({ intent: declared, view: after, before, after: planning.plan, full });
          seen = after;
        }
      }),
      { numRuns: 500 },
    );

  test("is after every pod's event what the full plan is", () =>
    follow(({ after, full }) => expect(after).toStrictEqual(full)));

  test("never changes a plan that it gave away", () => {
    const given: [Plan, Plan][] = [];
    follow(({ after }) => given.push([after, structuredClone(after)]));
    for (const [one, copy] of given.slice(-2_000)) expect(one).toStrictEqual(copy);
  });

  test("keeps every object that did not change", () =>
    follow(({ before, after }) => {
      for (const part of ["nodes", "policies", "findings"] as const) {
        const kept = after[part].filter((one, i) => isDeepStrictEqual(one, before[part][i]));
        expect(kept.every((one) => (before[part] as readonly object[]).includes(one))).toBe(true);
      }
      expect(after.next).toBe(before.next);
      expect(after.groups).toBe(before.groups);
      expect(after.allocations).toBe(before.allocations);
    }));

  test("warns of the policies that are shadowed, and of no other", () =>
    follow(({ after }) => {
      const warned = after.findings.filter(({ code }) => code === "policy-shadowed").map(({ object }) => object?.name);
      expect(warned).toEqual(after.policies.flatMap(({ name, shadowed }) => (shadowed.length > 0 ? [name] : [])));
    }));

  test("counts the pods that a plain reading of the selectors finds", () =>
    follow(({ intent: declared, view: seen, after }) => {
      for (const { name, sources: own } of declared.policies) {
        const selected = seen.pods.filter((pod) =>
          own.some(
            (source) =>
              matches(source.namespaceSelector, labelsOf(seen, pod.namespace)) &&
              matches(source.podSelector, pod.labels),
          ),
        );
        const host = selected.filter(({ hostNetwork }) => hostNetwork);
        expect(after.policies.find((outcome) => outcome.name === name)).toMatchObject({
          selectedPods: selected.length - host.length,
          ignoredHostNetworkPods: host.length,
        });
      }
    }));

  test("sees a pod of which only the class changes", () => {
    const [group1, policy1] = [group("default", "192.168.1.100"), policy("p", { pods: { app: "a" } })];
    const before = pod("web/p1", "10.10.0.1", { labels: { app: "b" } });
    const planning = startPlanning(intent([group1], [policy1]), view([worker(1)], [before]), nothingBefore);
    const { nodes: states } = planning.apply({ removed: [before], added: [{ ...before, labels: { app: "a" } }] });
    expect(states).toMatchObject([{ classes: [{ key: "p" }], pods: [{ name: "p1", class: "p" }] }]);
  });

  test("refuses to remove a pod that is not there", () => {
    const known = pod("web/p1", "10.10.0.1");
    const planning = startPlanning(intent([], []), view([worker(1)], [known]), nothingBefore);
    expect(() => planning.apply({ removed: [{ ...known }], added: [] })).toThrow("pod web/p1");
  });
});

function labelsOf({ namespaces: all }: View, name: string): Record<string, string> {
  return { ...all.find((one) => one.name === name)?.labels, "kubernetes.io/metadata.name": name };
}

test("a planner gives what plan gives, whatever differs from the call before", () => {
  const step = fc.oneof(
    { weight: 5, arbitrary: fc.record({ events }) },
    fc.record({ nodes }),
    fc.record({ namespaces }),
    fc.record({ intent: intents }),
    fc.record({ previous: fc.constant(nothingBefore) }),
    fc.record({ lost: fc.subarray(addresses) }),
  );
  fc.assert(
    fc.property(intents, views, fc.array(step, { maxLength: 8 }), (first, seen, steps) => {
      const planner = new Planner();
      let [declared, now, previous] = [first, seen, nothingBefore];
      for (const one of [{ previous }, ...steps]) {
        if ("intent" in one) declared = one.intent;
        if ("previous" in one) previous = one.previous;
        if ("lost" in one) previous = { ...previous, lost: one.lost };
        if ("nodes" in one) now = { ...now, nodes: one.nodes };
        if ("namespaces" in one) now = { ...now, namespaces: one.namespaces };
        if ("events" in one) now = { ...now, pods: one.events.reduce(happen, now.pods) };
        const result = planner.plan(declared, now, previous);
        expect(result).toStrictEqual(plan(declared, now, previous));
        previous = result.next;
      }
    }),
    { numRuns: 500 },
  );
});

test("what happened between two lists of pods is exactly what differs, also when an object is listed twice", () => {
  const objects = Array.from({ length: 6 }, (_, i) => ({ name: `p${i}` }) as PodView);
  const list = fc.array(fc.constantFrom(...objects), { maxLength: 12 });
  const count = (pod: PodView, among: readonly PodView[]) => among.filter((one) => one === pod).length;
  fc.assert(
    fc.property(list, list, (before, after) => {
      const { removed, added } = podChanges(before, after);
      for (const pod of objects) {
        const surplus = count(pod, after) - count(pod, before);
        expect([count(pod, added), count(pod, removed)]).toEqual([Math.max(0, surplus), Math.max(0, -surplus)]);
      }
    }),
    { numRuns: 1000 },
  );
});
