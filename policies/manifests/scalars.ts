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

export function scalarType(node: ScalarNode): ScalarType {
  if (!node.plain) return "text";
  const { text } = node;
  if (NULL.test(text)) return "null";
  // nothing else of the core schema starts with another letter; this spares most values four patterns
  if (/^[A-MO-SU-Za-eg-mo-su-z]/.test(text)) return "text";
  if (BOOLEAN.test(text)) return "boolean";
  if (INTEGER.test(text)) return "integer";
  return NUMBER.test(text) ? "number" : "text";
}

/** Text for YAML 1.2, but a boolean for kubectl. */
export function isBooleanForKubectl(node: ScalarNode): boolean {
  return node.plain && KUBECTL_BOOLEAN.test(node.text);
}

/** As Kubernetes has it, a field that is null is not there. */
export function isAbsent(node: Node | undefined): boolean {
  return node === undefined || (node.kind === "scalar" && scalarType(node) === "null");
}

export function entryOf(mapping: Node | undefined, key: string): Entry | undefined {
  if (mapping?.kind !== "mapping") return undefined;
  return mapping.entries.find((entry) => entry.key.text === key);
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
