/** Names and label syntax as Kubernetes says: "Object Names and IDs", "Labels and Selectors". */
import { describeOdd } from "./characters.ts";
import { quote } from "./quote.ts";
import type { Report } from "./report.ts";
import type { ScalarNode } from "./tree.ts";

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;

/** RFC 1123 subdomain, at most 253 characters: objects. */
export function isObjectName(text: string): boolean {
  return text.length <= 253 && SUBDOMAIN.test(text);
}

/** RFC 1123 label, at most 63 characters: namespaces. */
export function isNamespaceName(text: string): boolean {
  return text.length <= 63 && LABEL.test(text);
}

export function isLabelKey(text: string): boolean {
  const slash = text.indexOf("/");
  if (slash >= 0 && !isObjectName(text.slice(0, slash))) return false;
  const name = text.slice(slash + 1);
  return name.length <= 63 && QUALIFIED.test(name);
}

export function isLabelValue(text: string): boolean {
  return text === "" || (text.length <= 63 && QUALIFIED.test(text));
}

/** The name, or undefined after a finding. */
export function readObjectName(node: ScalarNode | undefined, path: string, report: Report): string | undefined {
  if (node === undefined) return undefined;
  if (isObjectName(node.text)) return node.text;
  invalidName(node, path, "lower-case letters, digits, - and . (at most 253), a letter or digit at both ends", report);
  return undefined;
}

/** The name, or undefined after a finding. */
export function readNamespaceName(node: ScalarNode | undefined, path: string, report: Report): string | undefined {
  if (node === undefined) return undefined;
  if (isNamespaceName(node.text)) return node.text;
  invalidName(node, path, "lower-case letters, digits and - (at most 63), a letter or digit at both ends", report);
  return undefined;
}

function invalidName(node: ScalarNode, path: string, rule: string, report: Report): void {
  const lower = node.text.toLowerCase().replaceAll("_", "-");
  const fix = isObjectName(lower) ? `write ${lower}, here and wherever it is referred to` : `use ${rule}`;
  const message = `${path} ${quote(node.text)} is not a name Kubernetes accepts${describeOdd(node.text)}`;
  report.error("invalid-name", node.offset, message, fix);
}
