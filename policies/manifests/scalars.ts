/** What a scalar is when nothing quotes it: the core schema of YAML 1.2, section 10.3.2. */
import type { Entry, MappingNode, Node, ScalarNode } from "./tree.ts";

export type ScalarType = "text" | "null" | "boolean" | "integer" | "number";

const NULL = /^(?:~|null|Null|NULL)?$/;
const BOOLEAN = /^(?:true|True|TRUE|false|False|FALSE)$/;
const INTEGER = /^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$/;
const NUMBER =
  /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$|^[-+]?\.(?:inf|Inf|INF)$|^\.(?:nan|NaN|NAN)$/;
/** YAML 1.1 knows more booleans, and kubectl reads YAML 1.1. */
const KUBECTL_BOOLEAN = /^(?:y|Y|yes|Yes|YES|n|N|no|No|NO|on|On|ON|off|Off|OFF)$/;

export function scalarType({ plain, text }: ScalarNode): ScalarType {
  if (!plain) return "text";
  // the length and the first character leave one or two of the patterns: most values are names and addresses
  switch (text.charCodeAt(0) | 0x20) {
    case 0x6e: // n
    case 0x7e: // ~
      return text.length <= 4 && NULL.test(text) ? "null" : "text";
    case 0x74: // t
    case 0x66: // f
      return text.length <= 5 && BOOLEAN.test(text) ? "boolean" : "text";
    default:
      return text === "" ? "null" : numberType(text);
  }
}

function numberType(text: string): ScalarType {
  const first = text.charCodeAt(0);
  if (first > 0x39 || first < 0x2b) return "text";
  if (INTEGER.test(text)) return "integer";
  return NUMBER.test(text) ? "number" : "text";
}

/** Text for YAML 1.2, but a boolean for kubectl. */
export function isBooleanForKubectl(node: ScalarNode): boolean {
  return node.plain && node.text.length <= 3 && KUBECTL_BOOLEAN.test(node.text);
}

/** As Kubernetes has it, a field that is null is not there. */
export function isAbsent(node: Node | undefined): boolean {
  return node === undefined || (node.kind === "scalar" && scalarType(node) === "null");
}

export function entryOf(mapping: Node | undefined, key: string): Entry | undefined {
  if (mapping?.kind !== "mapping") return undefined;
  for (const entry of mapping.entries) if (entry.key.text === key) return entry;
  return undefined;
}

/** The field's value; undefined when absent or null. */
export function fieldOf(mapping: Node | undefined, key: string): Node | undefined {
  const value = entryOf(mapping, key)?.value;
  return isAbsent(value) ? undefined : value;
}

export function mappingAt(mapping: Node | undefined, key: string): MappingNode | undefined {
  const value = fieldOf(mapping, key);
  return value?.kind === "mapping" ? value : undefined;
}

export function itemsAt(mapping: Node | undefined, key: string): readonly Node[] {
  const value = fieldOf(mapping, key);
  return value?.kind === "sequence" ? value.items : [];
}

/** A scalar field that is text; anything else is undefined (the check against the schema has reported it). */
export function textAt(mapping: Node | undefined, key: string): ScalarNode | undefined {
  const value = fieldOf(mapping, key);
  return value?.kind === "scalar" && scalarType(value) === "text" ? value : undefined;
}
