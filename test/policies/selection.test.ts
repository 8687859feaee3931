import fc from "fast-check";
import { expect, test } from "vitest";
import type { LabelSelector } from "../../policies/intent.ts";
import { indexSources } from "../../policies/selection.ts";
import { matches } from "../../policies/selectors.ts";
import { policy } from "./builders.ts";

const requirement = (key: string, operator: "In" | "NotIn" | "Exists" | "DoesNotExist", ...values: string[]) => ({
  requirements: [{ key, operator, values }],
});

// apimachinery, labels.Requirement.Matches
test.each<[string, LabelSelector, Record<string, string>, boolean]>([
  ["the empty selector", { requirements: [] }, {}, true],
  ["In, value listed", requirement("role", "In", "a", "b"), { role: "b" }, true],
  ["In, value not listed", requirement("role", "In", "a"), { role: "c" }, false],
  ["In, key absent", requirement("role", "In", "a"), {}, false],
  ["NotIn, value listed", requirement("role", "NotIn", "a"), { role: "a" }, false],
  ["NotIn, value not listed", requirement("role", "NotIn", "a"), { role: "b" }, true],
  ["NotIn, key absent", requirement("role", "NotIn", "a"), {}, true],
  ["Exists, empty value", requirement("role", "Exists"), { role: "" }, true],
  ["Exists, key absent", requirement("role", "Exists"), {}, false],
  ["DoesNotExist, key there", requirement("role", "DoesNotExist"), { role: "a" }, false],
  ["DoesNotExist, key absent", requirement("role", "DoesNotExist"), {}, true],
  ["a key that every object inherits", requirement("constructor", "Exists"), {}, false],
  ["a key that every object inherits, set", requirement("constructor", "In", "x"), { constructor: "x" }, true],
])("%s", (_name, selector, labels, expected) => expect(matches(selector, labels)).toBe(expected));

test("the index finds exactly the policies whose sources match, sorted by name", () => {
  const key = fc.constantFrom("app", "tier", "constructor");
  const value = fc.constantFrom("a", "b", "");
  const labels = fc.dictionary(key, fc.constantFrom("a", "b", "", "unmentioned"));
  const requirements = fc.array(
    fc.oneof(
      fc.tuple(key, fc.constantFrom("In" as const, "NotIn" as const), fc.uniqueArray(value, { minLength: 1 })),
      fc.tuple(key, fc.constantFrom("Exists" as const, "DoesNotExist" as const), fc.constant([])),
    ),
    { maxLength: 3 },
  );
  const selector = requirements.map((list) => ({
    requirements: list.map(([k, operator, values]) => ({ key: k, operator, values })),
  }));
  const source = fc.record({ namespaceSelector: selector, podSelector: selector });
  const policies = fc
    .array(fc.array(source, { minLength: 1, maxLength: 3 }), { maxLength: 8 })
    .map((all) => all.map((sources, i) => policy(`p${(i * 7) % 10}`, { sources })));
  fc.assert(
    fc.property(policies, fc.array(fc.tuple(labels, labels), { minLength: 1, maxLength: 12 }), (all, pods) => {
      const select = indexSources(all, (selected) => selected);
      for (const [namespaceLabels, podLabels] of pods) {
        const expected = all.filter(({ sources }) =>
          sources.some((s) => matches(s.namespaceSelector, namespaceLabels) && matches(s.podSelector, podLabels)),
        );
        expect(select(namespaceLabels, podLabels).map(({ name }) => name)).toEqual(
          expected.map(({ name }) => name).sort(),
        );
      }
    }),
    { numRuns: 1000 },
  );
});

test("labels that come and go do not fill the memory: answers are forgotten and worked out anew", () => {
  const values = Array.from({ length: 60 }, (_, i) => `v${i}`);
  const keys = ["a", "b", "c"];
  const source = {
    namespaceSelector: { requirements: [] },
    podSelector: { requirements: keys.map((key) => ({ key, operator: "In" as const, values })) },
  };
  const select = indexSources([policy("p", { sources: [source] })], (selected) => ({
    names: selected.map(({ name }) => name),
  }));
  const labels = { a: "v0", b: "v0", c: "v0" };
  const first = select({}, labels);
  expect(select({}, { ...labels, d: "not mentioned" })).toBe(first);
  for (const a of values) for (const b of values) for (const c of values) select({}, { a, b, c });
  expect(select({}, labels)).not.toBe(first);
  expect(select({}, labels)).toEqual({ names: ["p"] });
});
