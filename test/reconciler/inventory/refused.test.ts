import { dump } from "js-yaml";
import { expect, test } from "vitest";
import { readInventory } from "../../../reconciler/inventory/file.ts";
import { list, NAMESPACE, NODE, podObject, viewInSmallChunks, viewOf } from "./support.ts";

const OBJECTS = [NODE, NAMESPACE, podObject("cart-1"), podObject("cart-2")];
const json = (...items: readonly unknown[]): string => JSON.stringify(list(...items), null, 1);
const yaml = (...items: readonly unknown[]): string => dump(list(...items), { seqNoIndent: true });

// Lines count from 1. Each message ends in how to do it right.
test.each([
  { name: "an empty file", text: "", says: "FILE: empty" },
  { name: "nothing but white space", text: " \n\t\r\n", says: "FILE: empty" },
  { name: "an archive", text: Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]), says: "FILE:1:2: not UTF-8 text" },
  {
    name: "an image",
    text: Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    says: "FILE:1:1: not UTF-8 text",
  },
  {
    name: "UTF-16",
    text: Buffer.from(`\uFEFF${json(...OBJECTS)}`, "utf16le"),
    says: "FILE:1:1: UTF-16, which PowerShell writes after `>`; save it as UTF-8",
  },
  {
    name: "a byte that is no character",
    text: Buffer.from(json(...OBJECTS).replace("cart-1", "c\xe4rt"), "latin1"),
    says: "FILE:39:15: not UTF-8 text",
  },
  {
    name: "the table for people",
    text: "NAMESPACE   NAME     READY\nshop        cart-1   1/1\n",
    says: "FILE:1:1: a document that is not an object",
  },
  { name: "names only", text: "node/worker1\npod/cart-1\n", says: "FILE:1:1: a document that is not an object" },
  {
    name: "a Table",
    text: '{"kind": "Table", "apiVersion": "meta.k8s.io/v1", "rows": []}',
    says: "FILE:1:1: a Table, which is for people",
  },
  { name: "an array", text: `\n ${JSON.stringify(OBJECTS)}`, says: "FILE:2:2: an array where a List is expected" },
  {
    name: "items of something else",
    text: json(...OBJECTS).replace('"List"', '"Lost"'),
    says: "FILE:1:1: not one List: kind Lost with items",
  },
  {
    name: "a list without kind",
    text: json(...OBJECTS).replace('"List"', "0"),
    says: "FILE:1:1: a document that does not say its kind, perhaps cut short",
  },
  {
    name: "items twice",
    text: '{"items": [], "kind": "List", "items": [{"kind": "Pod"}]}',
    says: "FILE:1:1: not one List: kind List with items",
  },
  { name: "a list in a list", text: json(list(...OBJECTS)), says: "FILE:4:3: an item that is a list itself" },
  { name: "an item that is no object", text: json(NODE, 7), says: "FILE:25:3: an item that is not an object" },
  {
    name: "an item that is no object, in YAML",
    text: yaml("worker1"),
    says: "FILE:3:1: an item that is not an object",
  },
  {
    name: "what kubectl get --raw prints",
    text: '{"kind":"PodList","items":[{"metadata":{}}]}',
    says: "FILE:1:28: an item that does not say its kind, perhaps cut short",
  },
  {
    name: "a comma too many",
    text: json(...OBJECTS).replace('"worker1"', '"worker1",'),
    says: "FILE:9:4: not JSON: Expected double-quoted property name",
  },
  {
    name: "a word that is no value",
    text: json(...OBJECTS).replace('"worker1"', "\n  worker1"),
    says: "FILE:9:3: not JSON: Unexpected token 'w'",
  },
  {
    name: "no comma between items",
    text: '{"items": [\n{"kind": "Event"}\n{"kind": "Event"}]}',
    says: "FILE:3:1: neither a comma nor the list's end follows the item",
  },
  {
    name: "a comma after the last item",
    text: '{"items": [\n{"kind": "Event"}, \n]}',
    says: "FILE:3:1: an item that is not an object",
  },
  {
    name: "a mistake after the items",
    text: json(...OBJECTS).replace('"kind": "List"', '"kind" "List"'),
    says: "FILE:84:9: not JSON: Expected ':' after property name",
  },
  { name: "text after the list", text: `${json(...OBJECTS)}\nbye`, says: "FILE:89:1: no JSON object begins here" },
  {
    name: "brackets that do not match",
    text: '{"kind": "Node"]',
    says: "FILE:1:16: not JSON: Expected ',' or '}' after property value",
  },
  {
    name: "JSON that was cut short",
    text: json(...OBJECTS).slice(0, 700),
    says: "FILE:48:6: the file ends within a document: it was cut short",
  },
  {
    name: "YAML that was cut short",
    text: yaml(...OBJECTS).slice(0, 500),
    says: "FILE:33:1: the file ends within a list: it was cut short",
  },
  {
    name: "YAML with a tab",
    text: yaml(...OBJECTS).replace("    name", "\tname"),
    says: "FILE:6:2: not YAML: end of the stream or a document separator is expected",
  },
  {
    name: "a quote that is never closed",
    text: yaml(...OBJECTS).replace("worker1", '"worker1'),
    says: "FILE:7:3: not YAML: deficient indentation",
  },
  {
    name: "a mistake after the items, in YAML",
    text: yaml(...OBJECTS).replace("kind: List", "kind List"),
    says: "FILE:51:9: not YAML: ",
  },
  {
    name: "an alias of another item",
    text: yaml(...OBJECTS)
      .replace("worker1", "&n worker1")
      .replace("nodeName: worker1", "nodeName: *n"),
    says: 'FILE:29:16: not YAML: unidentified alias "n" within this object',
  },
  {
    name: "a pod twice",
    text: json(...OBJECTS, podObject("cart-1")),
    says: "FILE:83:3: Pod shop/cart-1 is here a second time",
  },
  {
    name: "a node twice, in two lists",
    text: `${yaml(...OBJECTS)}---\n${yaml(NODE)}`,
    says: "FILE:56:1: Node worker1 is here a second time",
  },
  {
    name: "an object without a name",
    text: yaml(NODE, { apiVersion: "v1", kind: "Pod" }),
    says: "FILE:14:1: a Pod without metadata.name",
  },
  { name: "nodes only", text: json(NODE), says: "FILE: holds no Namespace" },
  { name: "pods only", text: json(NAMESPACE, podObject("a")), says: "FILE: holds no Node" },
  { name: "an answer that says no", text: '{"kind": "Status", "status": "Failure"}', says: "FILE: holds no Node" },
  {
    name: "one object of 17 MB",
    text: json({ ...NODE, x: "x".repeat(17 * 1024 * 1024) }),
    says: "FILE:4:3: more than 16 MiB that cannot be read in smaller pieces",
  },
  {
    name: "a list of 17 MB in a layout that cannot be cut",
    text: `items: !!seq\n${"- kind: Event\n".repeat(1_250_000)}`,
    says: "FILE:1:1: more than 16 MiB that cannot be read in smaller pieces",
  },
  {
    name: "deep nesting",
    text: yaml(NODE).replace(
      "metadata:",
      `x: ${"[".repeat(1000)}${"]".repeat(1000)}
  metadata:`,
    ),
    says: "FILE:5:104: not YAML: nesting exceeded maxDepth (100)",
  },
  {
    name: "characters that a terminal obeys",
    text: json({ kind: "Pod", metadata: { name: "\u001b[2J\n" } }),
    says: "FILE:4:3: Pod \\u{1b}[2J\\u{a} has no metadata.namespace",
  },
])("refused: $name", async ({ text, says }) => {
  const seen = await viewOf(text);
  expect(seen).toSatisfy((line) => typeof line === "string" && line.startsWith(says), `${seen}`);
  expect(seen).not.toMatch(/\n/);
  if (text.length < 100_000) expect(await viewInSmallChunks(text)).toBe(seen);
  expect(seen).toMatch(/; (print it with `kubectl get nodes,namespaces,pods -A -o json`|save it as UTF-8)$/);
});

test.each([
  {
    name: "a file that is not there",
    file: "/nowhere/inventory.json",
    says: "/nowhere/inventory.json: no such file or directory",
  },
  { name: "a folder", file: "/proc", says: "/proc: illegal operation on a directory" },
])("refused: $name", async ({ file, says }) => {
  await expect(readInventory(file)).rejects.toThrow(says);
});
