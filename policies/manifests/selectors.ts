/** Reads Kubernetes label selectors; matching them is the business of ../selectors.ts. */
import type { LabelRequirement, LabelSelector } from "../intent.ts";
import { describeOdd } from "./characters.ts";
import { isLabelKey, isLabelValue } from "./names.ts";
import { quote } from "./quote.ts";
import type { Report } from "./report.ts";
import { isAbsent, itemsAt, scalarType, textAt } from "./scalars.ts";
import type { Node, ScalarNode } from "./tree.ts";

export const EVERYTHING: LabelSelector = { requirements: [] };

/**
 * The selector, or undefined when any part of it is wrong: to leave out a broken requirement would select more than was
 * meant. The structure has been checked before; what is reported here is syntax and the operators' rules.
 */
export function readSelector(node: Node, path: string, report: Report): LabelSelector | undefined {
  if (node.kind !== "mapping") return undefined;
  const requirements: (LabelRequirement | undefined)[] = [];
  for (const { key, value } of node.entries) {
    if (key.text === "matchLabels") requirements.push(...readLabels(value, `${path}.matchLabels`, report));
    else if (key.text === "matchExpressions")
      requirements.push(...readExpressions(value, `${path}.matchExpressions`, report));
    else requirements.push(undefined);
  }
  return requirements.every((requirement) => requirement !== undefined) ? { requirements } : undefined;
}

/** Undefined for what is broken. */
function readLabels(node: Node, path: string, report: Report): (LabelRequirement | undefined)[] {
  if (node.kind !== "mapping") return isAbsent(node) ? [] : [undefined];
  return node.entries.map(({ key, value }) => readLabel(key, value, path, report));
}

function readExpressions(node: Node, path: string, report: Report): (LabelRequirement | undefined)[] {
  if (node.kind !== "sequence") return isAbsent(node) ? [] : [undefined];
  return node.items.map((item, index) => readExpression(item, `${path}[${index}]`, report));
}

function readLabel(key: ScalarNode, value: Node, path: string, report: Report): LabelRequirement | undefined {
  const keyIsGood = checkKey(key, path, report);
  if (!isText(value) || !checkValue(value, `${path}.${key.text}`, report)) return undefined;
  return keyIsGood ? { key: key.text, operator: "In", values: [value.text] } : undefined;
}

function readExpression(item: Node, path: string, report: Report): LabelRequirement | undefined {
  const key = textAt(item, "key");
  const operator = textAt(item, "operator");
  const written = itemsAt(item, "values");
  const values = written.filter(isText);
  const whole = values.length === written.length;
  const keyIsGood = key !== undefined && checkKey(key, path, report);
  const valuesAreGood = values.map((value) => checkValue(value, path, report)).every(Boolean);
  if (operator === undefined || !isOperator(operator.text) || !checkCount(operator, written.length, path, report))
    return undefined;
  if (!whole || !keyIsGood || !valuesAreGood) return undefined;
  return { key: key.text, operator: operator.text, values: values.map((value) => value.text) };
}

/** Unquoted numbers and booleans are no label values; the check against the schema has said so. */
function isText(node: Node): node is ScalarNode {
  return node.kind === "scalar" && scalarType(node) === "text";
}

function isOperator(text: string): text is LabelRequirement["operator"] {
  return text === "In" || text === "NotIn" || text === "Exists" || text === "DoesNotExist";
}

function checkCount(operator: ScalarNode, count: number, path: string, report: Report): boolean {
  const wantsValues = operator.text === "In" || operator.text === "NotIn";
  if (wantsValues === count > 0) return true;
  const message = `${path}: ${operator.text} ${wantsValues ? "needs at least one value" : "takes no values"}`;
  report.error(
    "operator-values",
    operator.offset,
    message,
    wantsValues ? "add values" : "delete values, or use In or NotIn",
  );
  return false;
}

function checkKey(key: ScalarNode, path: string, report: Report): boolean {
  if (isLabelKey(key.text)) return true;
  const message = `${path}: ${quote(key.text)} is not a label key${describeOdd(key.text)}`;
  const fix =
    "use letters, digits, -, _ and . (at most 63), a letter or digit at both ends; a DNS name and / may stand before";
  report.error("invalid-label", key.offset, message, fix);
  return false;
}

function checkValue(value: ScalarNode, path: string, report: Report): boolean {
  if (isLabelValue(value.text)) return true;
  const message = `${path}: ${quote(value.text)} is not a label value${describeOdd(value.text)}`;
  const fix = "use letters, digits, -, _ and . (at most 63), a letter or digit at both ends, or nothing";
  report.error("invalid-label", value.offset, message, fix);
  return false;
}
