/** Reads metadata: the name, where a namespace belongs, and our own annotations. */

import type { ObjectRef } from "../findings.ts";
import { isNamespaceName, isObjectName, readNamespaceName, readObjectName } from "./names.ts";
import { quote } from "./quote.ts";
import type { Report } from "./report.ts";
import { fieldOf, mappingAt, textAt } from "./scalars.ts";
import { ANNOTATIONS, type OurKind, OWN_ANNOTATIONS } from "./schemas.ts";
import { suggest } from "./suggest.ts";
import type { MappingNode } from "./tree.ts";

/** Who the object is, if its name (and namespace, for groups) can be read. Sets the report's object on the way. */
export function readIdentity(kind: OurKind, root: MappingNode, report: Report): ObjectRef | undefined {
  const metadata = mappingAt(root, "metadata");
  const name = textAt(metadata, "name");
  const namespace = textAt(metadata, "namespace");
  report.object = nameObject(kind, name?.text, namespace?.text);
  checkAnnotations(kind, metadata, report);
  const goodName = readObjectName(name, "metadata.name", report);
  if (kind !== "NetworkGatewayGroup") {
    if (namespace !== undefined) warnNamespace(kind, namespace.offset, report);
    return goodName === undefined ? undefined : { kind, name: goodName };
  }
  if (metadata !== undefined && fieldOf(metadata, "namespace") === undefined) {
    const message = "metadata.namespace is missing";
    report.error("missing-field", metadata.offset, message, "add namespace, for example kube-system");
  }
  const goodNamespace = readNamespaceName(namespace, "metadata.namespace", report);
  if (goodName === undefined || goodNamespace === undefined) return undefined;
  return { kind, namespace: goodNamespace, name: goodName };
}

/** For the findings; a name that cannot be one is left to the finding about it. */
function nameObject(kind: OurKind, name: string | undefined, namespace: string | undefined): ObjectRef | undefined {
  if (name === undefined || !isObjectName(name)) return undefined;
  const namespaced = kind === "NetworkGatewayGroup" && namespace !== undefined && isNamespaceName(namespace);
  return namespaced ? { kind, namespace, name } : { kind, name };
}

function warnNamespace(kind: OurKind, offset: number, report: Report): void {
  report.warning(
    "namespace-ignored",
    offset,
    `${kind} is cluster-scoped; its namespace has no meaning`,
    "delete the namespace",
  );
}

/** Those that are known are held against the schema, with everything else. */
function checkAnnotations(kind: OurKind, metadata: MappingNode | undefined, report: Report): void {
  const known = Object.keys(ANNOTATIONS[kind]);
  for (const { key } of mappingAt(metadata, "annotations")?.entries ?? []) {
    if (!key.text.startsWith(OWN_ANNOTATIONS) || known.includes(key.text)) continue;
    const near = suggest(key.text, known);
    const message = `${kind} has no annotation ${quote(key.text)}; it has no effect`;
    report.warning(
      "unknown-annotation",
      key.offset,
      message,
      near === undefined ? "delete it" : `did you mean ${near}?`,
    );
  }
}
