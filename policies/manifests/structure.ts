/** Holds a document against a schema: unknown and missing fields, wrong types, values outside a list or range. */

import { quote, show } from "./quote.ts";
import type { Report } from "./report.ts";
import { entryOf, isAbsent, isBooleanForKubectl, scalarType } from "./scalars.ts";
import type { IntegerSchema, ListSchema, ObjectSchema, Schema, TextSchema } from "./schema.ts";
import { suggest } from "./suggest.ts";
import type { MappingNode, Node, ScalarNode } from "./tree.ts";

/** Stands for fields that were left out in print; what is required may be among them. */
const PLACEHOLDER = "...";

/** The way from the document to a field. It is written out only for a finding, since every field of every manifest passes here. */
type Path = (string | number)[];

/** `keyOffset` is where the document, or the key of what is checked, begins. */
export function checkStructure(node: Node, schema: Schema, keyOffset: number, report: Report): void {
  check(node, schema, [], keyOffset, report);
}

function check(node: Node, schema: Schema, path: Path, keyOffset: number, report: Report): void {
  if (schema.type === undefined || node.kind === "refused") return;
  if (schema.type === "object") checkObject(node, schema, path, keyOffset, report);
  else if (schema.type === "array") checkList(node, schema, path, report);
  else if (node.kind !== "scalar") wrongType(node, schema, path, report);
  else if (schema.type === "integer") checkInteger(node, schema, path, report);
  else checkText(node, schema, path, report);
}

function checkObject(node: Node, schema: ObjectSchema, path: Path, keyOffset: number, report: Report): void {
  if (node.kind !== "mapping") {
    wrongType(node, schema, path, report);
    return;
  }
  const { fields, required } = prepare(schema);
  let present = 0;
  let unknown: ScalarNode[] | undefined;
  for (const { key, value } of node.entries) {
    const known = fieldNamed(key.text, fields);
    const field = known?.schema ?? (schema.additionalProperties || undefined);
    if (field === undefined) unknown = [...(unknown ?? []), key].slice(0, MAX_UNKNOWN_FIELDS);
    else if (known === undefined || !isAbsent(value)) {
      if (known?.required) present++;
      checkField(key, value, field, path, report);
    }
  }
  if (unknown === undefined && present === required) return;
  const missing = entryOf(node, PLACEHOLDER) === undefined ? missingFields(node, schema) : [];
  reportFields({ node, schema, path, keyOffset, unknown: unknown ?? [], missing }, report);
}

function missingFields(node: MappingNode, { required = [] }: ObjectSchema): string[] {
  return required.filter((name) => isAbsent(entryOf(node, name)?.value));
}

function checkField({ text, offset }: ScalarNode, value: Node, schema: Schema, path: Path, report: Report): void {
  path.push(text);
  check(value, schema, path, offset, report);
  path.pop();
}

/** Fields of one object that are named one by one as unknown; whoever has more sees the kind is another. */
const MAX_UNKNOWN_FIELDS = 20;

interface PreparedSchema {
  readonly fields: readonly Field[];
  /** How many of them are required. */
  readonly required: number;
}

interface Field {
  readonly name: string;
  readonly schema: Schema;
  readonly required: boolean;
}

const prepared = new WeakMap<ObjectSchema, PreparedSchema>();

function prepare(schema: ObjectSchema): PreparedSchema {
  const known = prepared.get(schema);
  if (known !== undefined) return known;
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([name, field]) => {
    return { name, schema: field, required: required.has(name) };
  });
  const made = { fields, required: required.size };
  prepared.set(schema, made);
  return made;
}

/** Every key of every manifest passes here. With so few fields, comparing is faster than hashing text that is new each time. */
function fieldNamed(name: string, fields: readonly Field[]): Field | undefined {
  for (const field of fields) if (field.name === name) return field;
  return undefined;
}

/** As a person would name it: spec.sources[0]; "" for the document. */
function written(path: Path): string {
  return path.reduce<string>((text, step) => {
    if (typeof step === "number") return `${text}[${step}]`;
    return text === "" ? step : `${text}.${step}`;
  }, "");
}

interface FieldMistakes {
  readonly node: MappingNode;
  readonly schema: ObjectSchema;
  readonly path: Path;
  readonly keyOffset: number;
  readonly unknown: readonly ScalarNode[];
  readonly missing: readonly string[];
}

/** An unknown field that is nearly a missing one is one mistake, not two. */
function reportFields({ node, schema, path, keyOffset, unknown, missing }: FieldMistakes, report: Report): void {
  const names = Object.keys(schema.properties);
  const free = names.filter((name) => entryOf(node, name) === undefined);
  const meant = new Set<string>();
  for (const key of unknown) {
    if (key.text === PLACEHOLDER) continue;
    const near = suggest(key.text, free);
    const message = `${written(path) || "this kind"} has no field ${quote(key.text)}`;
    report.error(
      "unknown-field",
      key.offset,
      message,
      near === undefined ? mendUnknown(names) : `did you mean ${near}?`,
    );
    const field = near === undefined ? undefined : schema.properties[near];
    if (near === undefined || field === undefined || meant.has(near)) continue;
    meant.add(near);
    const value = entryOf(node, key.text)?.value;
    if (value !== undefined) checkField(key, value, field, path, report);
  }
  for (const name of missing) {
    if (meant.has(name)) continue;
    const entry = entryOf(node, name);
    const message = `${written([...path, name])} ${entry === undefined ? "is missing" : "has no value"}`;
    const fix = `add ${name}${exampleOf(schema.properties[name])}`;
    report.error("missing-field", entry?.key.offset ?? keyOffset, message, fix);
  }
}

/** Where labels are selected, a label in the place of a field is the usual mistake. */
function mendUnknown(names: readonly string[]): string {
  if (names.includes("matchLabels")) return "put labels under matchLabels";
  return `delete it; the fields here are ${listOf(names)}`;
}

function checkList(node: Node, schema: ListSchema, path: Path, report: Report): void {
  if (node.kind !== "sequence") {
    wrongType(node, schema, path, report);
    return;
  }
  for (const [index, item] of node.items.entries()) {
    path.push(index);
    check(item, schema.items, path, item.offset, report);
    path.pop();
  }
}

function checkText(node: ScalarNode, schema: TextSchema, path: Path, report: Report): void {
  if (schema.format !== undefined) return;
  if (scalarType(node) !== "text") {
    wrongType(node, schema, path, report);
    return;
  }
  if (isBooleanForKubectl(node)) {
    const message = `${written(path)} is the text ${node.text} here, but a boolean for kubectl`;
    report.warning("unquoted-boolean", node.offset, message, `write "${node.text}" in quotes`);
  }
  if (schema.enum === undefined || schema.enum.includes(node.text)) return;
  const near = schema.enum.length > 1 ? suggest(node.text, schema.enum) : undefined;
  const message = `${written(path)} cannot be ${quote(node.text)}`;
  const fix = near === undefined ? `write ${listOf(schema.enum, "or")}` : `did you mean ${near}?`;
  report.error("unknown-value", node.offset, message, fix);
}

function checkInteger(node: ScalarNode, schema: IntegerSchema, path: Path, report: Report): void {
  if (scalarType(node) !== "integer") {
    wrongType(node, schema, path, report);
    return;
  }
  const value = Number(node.text);
  if (value >= schema.minimum && value <= schema.maximum) return;
  const message = `${written(path)} is ${show(node.text)}, outside ${schema.minimum} to ${schema.maximum}`;
  report.error("out-of-range", node.offset, message, `write a number from ${schema.minimum} to ${schema.maximum}`);
}

const WANTED = { object: "a mapping", array: "a list", string: "text", integer: "a whole number" } as const;

function wrongType(node: Node, schema: Exclude<Schema, { type?: never }>, path: Path, report: Report): void {
  const message = `${written(path) || "the document"} must be ${WANTED[schema.type]}, not ${describe(node)}`;
  report.error("wrong-type", node.offset, message, mendType(node, schema));
}

function mendType(node: Node, schema: Exclude<Schema, { type?: never }>): string {
  const text = node.kind === "scalar" ? node.text : "";
  const short = /^[\x20-\x7e]{1,60}$/.test(text);
  if (schema.type === "string" && short) return `write it in quotes: "${text}"`;
  if (schema.type === "integer" && /^[0-9]+$/.test(text)) return `write ${show(text)} without quotes`;
  if (schema.type === "array" && short && scalarItems(schema)) return `write a list: [${quote(text)}]`;
  const fields = schema.type === "object" ? Object.entries(schema.properties) : [];
  const [only] = fields;
  if (fields.length === 1 && only?.[1].type === "string" && short) return `write {${only[0]}: ${text}}`;
  const example = exampleOf(schema);
  return example === "" ? `write ${WANTED[schema.type]}` : `write${example.replace(", for example", " for example")}`;
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
  return type === "text" ? "text" : `the number ${show(node.text)}`;
}

function listOf(words: readonly string[], joiner = "and"): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} ${joiner} ${words.at(-1)}`;
}
