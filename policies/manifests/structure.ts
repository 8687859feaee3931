/** Holds a document against a schema: unknown and missing fields, wrong types, values outside a list or range. */
import type { Report } from "./report.ts";
import { isAbsent, isBooleanForKubectl, scalarType } from "./scalars.ts";
import type { IntegerSchema, ListSchema, ObjectSchema, Schema, TextSchema } from "./schema.ts";
import { suggest } from "./suggest.ts";
import type { MappingNode, Node, ScalarNode } from "./tree.ts";

/** Stands for fields that were left out in print; what is required may be among them. */
export const PLACEHOLDER = "...";

/** `path` is the field as a person would name it (spec.sources[0]); `keyOffset` is where that field's key stands. */
export function checkStructure(node: Node, schema: Schema, path: string, keyOffset: number, report: Report): void {
  if (schema.type === undefined || node.kind === "refused") return;
  if (schema.type === "object") checkObject(node, schema, path, keyOffset, report);
  else if (schema.type === "array") checkList(node, schema, path, report);
  else if (node.kind !== "scalar") wrongType(node, schema, path, report);
  else if (schema.type === "integer") checkInteger(node, schema, path, report);
  else checkText(node, schema, path, report);
}

function checkObject(node: Node, schema: ObjectSchema, path: string, keyOffset: number, report: Report): void {
  if (node.kind !== "mapping") {
    wrongType(node, schema, path, report);
    return;
  }
  for (const { key, value } of node.entries) {
    const known = Object.hasOwn(schema.properties, key.text) ? schema.properties[key.text] : undefined;
    const field = known ?? (schema.additionalProperties || undefined);
    const fieldPath = path === "" ? key.text : `${path}.${key.text}`;
    if (field === undefined) unknownField(key, node, schema, path, report);
    else if (known === undefined || !isAbsent(value)) checkStructure(value, field, fieldPath, key.offset, report);
  }
  checkRequired(node, schema, path, keyOffset, report);
}

function checkRequired(node: MappingNode, schema: ObjectSchema, path: string, keyOffset: number, report: Report): void {
  if (schema.required === undefined) return;
  if (node.entries.some(({ key }) => key.text === PLACEHOLDER)) return;
  for (const name of schema.required) {
    const entry = node.entries.find(({ key }) => key.text === name);
    if (entry !== undefined && !isAbsent(entry.value)) continue;
    const field = path === "" ? name : `${path}.${name}`;
    const message = entry === undefined ? `${field} is missing.` : `${field} has no value.`;
    const similar = node.entries.find(
      ({ key }) => !Object.hasOwn(schema.properties, key.text) && suggest(key.text, [name]),
    );
    if (similar !== undefined) continue; // reported as an unknown field, with this name as its mend
    const example = exampleOf(schema.properties[name]);
    report.error("missing-field", entry?.key.offset ?? keyOffset, message, `Add ${name}${example}.`);
  }
}

function unknownField(key: ScalarNode, node: MappingNode, schema: ObjectSchema, path: string, report: Report): void {
  if (key.text === PLACEHOLDER) return;
  const names = Object.keys(schema.properties);
  const free = names.filter((name) => !node.entries.some((entry) => entry.key.text === name));
  const near = suggest(key.text, free);
  const owner = path === "" ? "This kind" : path;
  const message = `${owner} has no field ${JSON.stringify(key.text)}.`;
  const fix = near === undefined ? `Delete it; the fields here are ${listOf(names)}.` : `Did you mean ${near}?`;
  report.error("unknown-field", key.offset, message, fix);
}

function checkList(node: Node, schema: ListSchema, path: string, report: Report): void {
  if (node.kind !== "sequence") {
    wrongType(node, schema, path, report);
    return;
  }
  for (const [index, item] of node.items.entries()) {
    checkStructure(item, schema.items, `${path}[${index}]`, item.offset, report);
  }
}

function checkText(node: ScalarNode, schema: TextSchema, path: string, report: Report): void {
  if (schema.format !== undefined) return;
  if (scalarType(node) !== "text") {
    wrongType(node, schema, path, report);
    return;
  }
  if (isBooleanForKubectl(node)) {
    const message = `${path} is the text ${node.text} here, but a boolean for kubectl.`;
    report.warning("unquoted-boolean", node.offset, message, `Write "${node.text}" in quotes.`);
  }
  if (schema.enum === undefined || schema.enum.includes(node.text)) return;
  const near = suggest(node.text, schema.enum);
  const message = `${path} cannot be ${JSON.stringify(node.text)}.`;
  const fix = near === undefined ? `Write ${listOf(schema.enum, "or")}.` : `Did you mean ${near}?`;
  report.error("unknown-value", node.offset, message, fix);
}

function checkInteger(node: ScalarNode, schema: IntegerSchema, path: string, report: Report): void {
  if (scalarType(node) !== "integer") {
    wrongType(node, schema, path, report);
    return;
  }
  const value = Number(node.text);
  if (value >= schema.minimum && value <= schema.maximum) return;
  const message = `${path} is ${node.text}, outside ${schema.minimum} to ${schema.maximum}.`;
  report.error("out-of-range", node.offset, message, `Write a number from ${schema.minimum} to ${schema.maximum}.`);
}

function wrongType(node: Node, schema: Exclude<Schema, { type?: never }>, path: string, report: Report): void {
  const wanted = { object: "a mapping", array: "a list", string: "text", integer: "a whole number" }[schema.type];
  const message = `${path || "The document"} must be ${wanted}, not ${describe(node)}.`;
  report.error("wrong-type", node.offset, message, mendType(node, schema));
}

function mendType(node: Node, schema: Exclude<Schema, { type?: never }>): string {
  const written = node.kind === "scalar" ? node.text : "";
  const short = written !== "" && written.length <= 60 && !written.includes("\n");
  if (schema.type === "string" && short) return `Write it in quotes: "${written}".`;
  if (schema.type === "integer" && /^[0-9]+$/.test(written)) return `Write ${written} without quotes.`;
  if (schema.type === "array" && short && scalarItems(schema)) return `Write a list: [${JSON.stringify(written)}].`;
  const fields = schema.type === "object" ? Object.entries(schema.properties) : [];
  const [only] = fields;
  if (fields.length === 1 && only?.[1].type === "string" && short) return `Write {${only[0]}: ${written}}.`;
  const example = exampleOf(schema);
  return example === ""
    ? "Write it as the kind's documentation shows."
    : `For example${example.replace(", for example", "")}.`;
}

function scalarItems(schema: ListSchema): boolean {
  return schema.items.type === "string";
}

function exampleOf(schema: Schema | undefined): string {
  const direct = schema?.examples?.[0];
  const inItem =
    schema?.type === "array" && schema.items.examples !== undefined ? [schema.items.examples[0]] : undefined;
  const value = direct ?? inItem ?? (schema?.type === "string" ? schema.enum?.[0] : undefined);
  return value === undefined ? "" : `, for example ${typeof value === "string" ? value : JSON.stringify(value)}`;
}

function describe(node: Node): string {
  if (node.kind !== "scalar") return node.kind === "sequence" ? "a list" : "a mapping";
  const type = scalarType(node);
  if (type === "null") return "empty";
  if (type === "boolean") return `the boolean ${node.text}`;
  return type === "text" ? "text" : `the number ${node.text}`;
}

function listOf(words: readonly string[], joiner = "and"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${joiner} ${words.at(-1)}`;
}
