/** The examples of docs/json.md have the fields that the commands print, no more and no fewer. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { planDocument } from "../../cli/plan/document.ts";
import { explain } from "../../policies/explain/explain.ts";
import { plan } from "../../policies/plan.ts";
import { preview } from "../../policies/preview.ts";
import { readScenario, type Scenario, scenarios } from "./scenarios.ts";

const page = readFileSync(new URL("../../docs/json.md", import.meta.url), "utf8");
const scenario = readScenario(scenarios.find(({ name }) => name === "new-policy") as Scenario);

function example(title: string): unknown {
  const section = page.slice(page.indexOf(`\n## ${title}\n`));
  return JSON.parse(/```json\n(.*?)```/s.exec(section)?.[1] ?? "");
}

/** Every field as a path; fields of list items once. */
function fields(value: unknown, path = ""): string[] {
  if (Array.isArray(value)) return [...new Set(value.flatMap((item) => fields(item, `${path}[]`)))];
  if (typeof value !== "object" || value === null) return [path];
  return Object.entries(value)
    .flatMap(([key, inner]) => [`${path}.${key}`, ...fields(inner, `${path}.${key}`)])
    .filter((field, i, all) => all.indexOf(field) === i)
    .sort();
}

test("plan", () => {
  const allocation = { kind: "stored", branch: "", commit: "" } as const;
  const comparison = { base: "", head: "", notes: [""], allocation, drain: [] };
  const document = planDocument(comparison, preview(scenario));
  const withAddress = { ip: "", kind: "assign", from: null, to: "", reason: "" };
  const shown = { ...document, floatingIPs: [withAddress], findings: [] };
  expect(fields(example("Plan"))).toEqual(fields(shown));
});

test("explain", () => {
  const { head, views, previous } = scenario;
  const intent = head.intent as NonNullable<typeof head.intent>;
  const question = { pod: { namespace: "paul", name: "frontend-77c9-a" }, destination: "203.0.113.9" };
  const explained = explain(intent, views.after, plan(intent, views.after, previous), question);
  const document = { ...(explained as object), port: 443, allocation: { kind: "new", reason: "" } };
  const placed = (list: string[]) => list.filter((field) => field !== ".steps[].at");
  expect(placed(fields(example("Explain")))).toEqual(placed(fields(document)));
});
