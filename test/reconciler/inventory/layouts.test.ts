import { readFile } from "node:fs/promises";
import { execa } from "execa";
import { dump, load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { View } from "../../../policies/view.ts";
import { readInventory } from "../../../reconciler/inventory/file.ts";
import { list, NAMESPACE, NODE, objectsOf, podObject, viewOf } from "./support.ts";

const OBJECTS = [NODE, NAMESPACE, podObject("cart-1"), podObject("cart-2")];
const json = (value: unknown, indent?: number): string => JSON.stringify(value, null, indent);
const yaml = (value: unknown): string => dump(value, { seqNoIndent: true });

test.each([
  { name: "kubectl -o json", text: json(list(...OBJECTS), 4) },
  { name: "jq -c", text: json(list(...OBJECTS)) },
  { name: "one JSON object a line", text: OBJECTS.map((object) => json(object)).join("\n") },
  {
    name: "one command for each kind, without anything between their outputs",
    text: [list(NODE), list(NAMESPACE), list(), list(...OBJECTS.slice(2))].map((part) => json(part)).join(""),
  },
  { name: "a byte order mark and CR LF", text: `\uFEFF${json(list(...OBJECTS), 2).replaceAll("\n", "\r\n")}\r\n` },
  {
    name: "kind before items, with white space in odd places",
    text: `\n { "kind" :"List","items"\n:\n[ ${OBJECTS.map((o) => json(o)).join(" , ")} ] }\n`,
  },
  {
    name: "a key that is items only once it is parsed",
    text: json(list(...OBJECTS)).replace('"items"', '"\\u0069tems"'),
  },
  { name: "kubectl -o yaml", text: yaml(list(...OBJECTS)) },
  { name: "list items indented, as yq prints", text: dump(list(...OBJECTS)) },
  { name: "dashes on lines of their own", text: dump(list(...OBJECTS), { seqInlineFirst: false }) },
  { name: "four columns a level", text: dump(list(...OBJECTS), { indent: 4 }) },
  { name: "items in flow style", text: dump(list(...OBJECTS), { flowLevel: 1 }) },
  { name: "YAML with a byte order mark and CR LF", text: `\uFEFF${yaml(list(...OBJECTS)).replaceAll("\n", "\r\n")}` },
  { name: "YAML without a last line break", text: yaml(list(...OBJECTS)).trimEnd() },
  { name: "one YAML document for each object", text: OBJECTS.map(yaml).join("---\n") },
  {
    name: "several Lists, with markers, directives, comments and empty documents",
    text: `# nodes\n%YAML 1.2\n---\n${yaml(list(NODE))}...\n---\n---\n# rest\n${yaml(list(NAMESPACE))}--- # pods\n${yaml(list(...OBJECTS.slice(2)))}`,
  },
  {
    name: "comments and blank lines between items",
    text: yaml(list(...OBJECTS))
      .replace("items:", "items: # all\n\n# first")
      .replaceAll("\n- ", "\n\n# next\n   # one\n- "),
  },
  { name: "a list written by hand, its kind first", text: `kind: List\n${dump({ items: OBJECTS })}` },
  {
    name: "anchors within an object",
    text: yaml(list(...OBJECTS)).replace("  metadata:", "  x: &x 1\n  y: *x\n  metadata:"),
  },
  { name: "an empty list besides", text: `${yaml(list(...OBJECTS))}---\n${yaml(list())}` },
])("$name", async ({ text }) => {
  const expected: View = {
    nodes: [
      { name: "worker1", internalIPs: ["192.168.1.1"], labels: {}, ready: true, unschedulable: false, draining: false },
    ],
    namespaces: [{ name: "shop", labels: { team: "a" } }],
    pods: ["cart-1", "cart-2"].map((name) => ({
      namespace: "shop",
      name,
      uid: `uid-${name}`,
      node: "worker1",
      ips: ["10.10.1.5"],
      labels: { app: name },
      hostNetwork: false,
      workload: null,
    })),
  };
  expect(await viewOf(text)).toEqual(expected);
});

describe("what kubectl printed", () => {
  const folder = new URL("../../corpus/inventory/", import.meta.url).pathname;
  const reader = new URL("../../../reconciler/inventory/file.ts", import.meta.url).href;

  test("can be piped to standard input", async () => {
    const script = `import { readInventory } from "${reader}"; console.log(JSON.stringify(await readInventory("-")));`;
    const run = (input: Buffer) => execa({ input })(process.execPath, ["--input-type=module", "--eval", script]);
    const { stdout } = await run(await readFile(`${folder}kubectl.yaml`));
    expect(JSON.parse(stdout)).toEqual(await readInventory(`${folder}kubectl.yaml`));
    await expect(run(Buffer.from("{"))).rejects.toThrow("standard input:1:2: the file ends within a document");
  });

  test("has the same view as JSON and as YAML", async () => {
    const view = await readInventory(`${folder}kubectl.json`);
    expect(await readInventory(`${folder}kubectl.yaml`)).toEqual(view);
    expect(view.nodes.map(({ name, draining, unschedulable }) => [name, draining, unschedulable])).toEqual([
      ["node-0.example.internal", false, false],
      ["node-1.example.internal", true, true],
    ]);
    expect(view.pods.map(({ name, ips, hostNetwork, workload }) => [name, ips.join(), hostNetwork, workload])).toEqual([
      ["checkout-0-eb33879dd8-b746a", "100.0.0.1", false, { kind: "Deployment", name: "checkout-0" }],
      ["checkout-0-eb33879dd8-b6f58", "100.0.0.2", false, { kind: "Deployment", name: "checkout-0" }],
      ["checkout-0-eb33879dd8-7abf2", "100.0.0.3", true, null],
      ["checkout-0-eb33879dd8-ecef1", "100.0.0.4", false, { kind: "Node", name: "node-1.example.internal" }],
      ["checkout-1-b1a79ef3a5-fcd85", "100.0.0.7,fd00::7", false, { kind: "Job", name: "report-29384720" }],
    ]);
    expect(view.pods[1]?.labels).toMatchObject({ on: "yes", num: "12345", exp: "1e5", empty: "" });
  });

  test("is cut into the objects that a parser finds in all of it", async () => {
    const text = await readFile(`${folder}kubectl.json`, "utf8");
    expect(await objectsOf(text, [7])).toEqual(JSON.parse(text).items);
    const fromYaml = await readFile(`${folder}kubectl.yaml`, "utf8");
    expect(load(fromYaml)).toEqual(JSON.parse(text));
    const named = (objects: unknown[]) =>
      objects.map((object) => (object as { metadata: { name: string } }).metadata.name);
    expect(named(await objectsOf(fromYaml, [7]))).toEqual(named(JSON.parse(text).items));
  });

  test.each(["kubectl.json", "kubectl.yaml"])("%s, cut anywhere, is never a smaller cluster", async (file) => {
    const whole = await readFile(folder + file);
    const view = await viewOf(whole);
    for (let end = 0; end < whole.length; end += 211) {
      const seen = await viewOf(whole.subarray(0, end));
      if (typeof seen === "string") expect(seen).toMatch(/^FILE(:\d+:\d+)?: .*; print it with `kubectl get nodes,/);
      else expect(seen).toEqual(view);
    }
  });
});
