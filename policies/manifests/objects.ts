/** From the tree of one document to the objects of ours it declares. */
import type { Position } from "../findings.ts";
import { readCluster } from "./cluster.ts";
import type { Declared, Switch } from "./declared.ts";
import { readGroup } from "./group.ts";
import { recognizeKind } from "./kinds.ts";
import { readIdentity } from "./metadata.ts";
import { readPolicy, refuseOtherDialect } from "./policy.ts";
import type { Report } from "./report.ts";
import { itemsAt, mappingAt, textAt } from "./scalars.ts";
import type { ObjectSchema } from "./schema.ts";
import { type OurKind, SCHEMAS } from "./schemas.ts";
import { checkStructure } from "./structure.ts";
import { readSwitches } from "./switches.ts";
import type { MappingNode, Node, Tree, TreeProblem } from "./tree.ts";

/** Without kind and apiVersion, whose spelling recognizeKind judges. */
const STRUCTURES: Readonly<Record<OurKind, ObjectSchema>> = {
  NetworkGatewayGroup: withoutType(SCHEMAS.NetworkGatewayGroup),
  EgressNATPolicy: withoutType(SCHEMAS.EgressNATPolicy),
  EgressCluster: withoutType(SCHEMAS.EgressCluster),
};

function withoutType(schema: ObjectSchema): ObjectSchema {
  return { ...schema, properties: { ...schema.properties, kind: {}, apiVersion: {} } };
}

/** Lists within lists: kubectl prints one level. */
const MAX_LIST_DEPTH = 3;

/** Appends to `switches` what the document says of them. */
export function readDocument(tree: Tree, report: Report, switches: Switch[]): Declared[] {
  let ours = false;
  const objects: Declared[] = [];
  for (const root of objectsIn(tree.root, MAX_LIST_DEPTH)) {
    report.object = undefined;
    const before = report.findings.length;
    const kind = recognizeKind(root, report);
    if (kind === undefined) switches.push(...readSwitches(root, report));
    else objects.push(...readObject(kind, root, report));
    ours ||= kind !== undefined || report.findings.length > before;
  }
  report.object = undefined;
  for (const problem of tree.problems) if (problem.always || ours) reportProblem(problem, report);
  return objects;
}

/** The document itself, or the items if it is a list (`List`, or a kind's own list as the API prints it). */
function objectsIn(node: Node, depth: number): MappingNode[] {
  if (node.kind !== "mapping") return [];
  const isList = textAt(node, "kind")?.text.endsWith("List") && mappingAt(node, "spec") === undefined;
  if (!isList || depth === 0) return [node];
  return itemsAt(node, "items").flatMap((item) => objectsIn(item, depth - 1));
}

function readObject(kind: OurKind, root: MappingNode, report: Report): Declared[] {
  const ref = readIdentity(kind, root, report);
  if (kind === "EgressNATPolicy" && refuseOtherDialect(root, report)) return [];
  checkStructure(root, STRUCTURES[kind], root.offset, report);
  if (ref === undefined) return [];
  const at = placeOf(root, report);
  if (kind === "NetworkGatewayGroup") return [readGroup(ref, root, at, report)];
  return [kind === "EgressNATPolicy" ? readPolicy(ref, root, at, report) : readCluster(ref, root, at, report)];
}

/** An object stands where its name does. */
function placeOf(root: MappingNode, report: Report): Position {
  return report.at(textAt(mappingAt(root, "metadata"), "name")?.offset ?? root.offset);
}

function reportProblem({ code, offset, message, fix, first }: TreeProblem, report: Report): void {
  const where = first === undefined ? "" : `, first in line ${report.at(first).line}`;
  report.error(code, offset, message + where, fix);
}
