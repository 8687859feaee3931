/**
 * Writes what `kubectl get nodes,namespaces,pods -A -o json|yaml --show-managed-fields` prints for a cluster of any size,
 * in its layout: keys sorted, JSON indented by four, YAML with list items in the column of their key.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { type ClusterSize, clusterObjects, type Value } from "./kubernetes-objects.ts";

export type Format = "json" | "yaml";

export async function writeKubectlOutput(file: string, format: Format, size: ClusterSize): Promise<void> {
  const out = createWriteStream(file, { highWaterMark: 1024 * 1024 });
  const texts = format === "json" ? asJson(clusterObjects(size)) : asYaml(clusterObjects(size));
  for (const text of texts) {
    if (!out.write(text)) await once(out, "drain");
  }
  out.end();
  await finished(out);
}

function* asJson(objects: Iterable<Value>): Generator<string> {
  yield '{\n    "apiVersion": "v1",\n    "items": [';
  let separator = "\n";
  for (const object of objects) {
    yield `${separator}        ${JSON.stringify(object, null, 4).replaceAll("\n", "\n        ")}`;
    separator = ",\n";
  }
  yield '\n    ],\n    "kind": "List",\n    "metadata": {\n        "resourceVersion": ""\n    }\n}\n';
}

function* asYaml(objects: Iterable<Value>): Generator<string> {
  yield "apiVersion: v1\nitems:\n";
  for (const object of objects) yield yamlBlock([object], "");
  yield 'kind: List\nmetadata:\n  resourceVersion: ""\n';
}

/** The lines of a collection that is not empty. */
function yamlBlock(value: object, indent: string): string {
  const deeper = `${indent}  `;
  if (Array.isArray(value)) {
    return value
      .map(
        (entry: Value) =>
          `${indent}- ${isBlock(entry) ? yamlBlock(entry, deeper).slice(deeper.length) : inline(entry, deeper)}`,
      )
      .join("");
  }
  return Object.entries(value as Record<string, Value>)
    .map(([key, entry]) => {
      const name = /^[\w.:/-]+$/.test(key) ? key : JSON.stringify(key);
      return isBlock(entry)
        ? `${indent}${name}:\n${yamlBlock(entry, Array.isArray(entry) ? indent : deeper)}`
        : `${indent}${name}: ${inline(entry, deeper)}`;
    })
    .join("");
}

const isBlock = (value: Value): value is Exclude<Value, null | boolean | number | string> =>
  typeof value === "object" && value !== null && Object.keys(value).length > 0;

function inline(value: Value, indent = ""): string {
  if (typeof value !== "string") return `${JSON.stringify(value)}\n`;
  if (value.endsWith("\n")) return `|\n${value.replace(/^(?=.)/gm, indent)}`;
  return `${/^[A-Za-z](?:[\w./-]| (?=\w))*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(value) ? value : JSON.stringify(value)}\n`;
}
