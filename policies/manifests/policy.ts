import type { ObjectRef, Position } from "../findings.ts";
import type { FailureMode, LabelSelector, Policy, PolicySource, Positioned } from "../intent.ts";
import { readCidr } from "./addresses.ts";
import type { Declared } from "./declared.ts";
import { readNamespaceName, readObjectName } from "./names.ts";
import type { Report } from "./report.ts";
import { entryOf, fieldOf, isAbsent, itemsAt, mappingAt, textAt } from "./scalars.ts";
import { ON_GATEWAY_FAILURE } from "./schemas.ts";
import { EVERYTHING, readSelector } from "./selectors.ts";
import type { MappingNode, Node } from "./tree.ts";

/**
 * GKE on Google Cloud has a kind of the same name that says which traffic is *not* translated. Reports it and returns
 * true: nothing else in such an object is worth a finding.
 */
export function refuseOtherDialect(root: MappingNode, report: Report): boolean {
  const spec = mappingAt(root, "spec");
  const action = textAt(spec, "action");
  const selector = entryOf(spec, "podSelector") ?? entryOf(spec, "namespaceSelector");
  const noSnat = action?.text.toLowerCase() === "nosnat";
  if (!noSnat && (selector === undefined || entryOf(spec, "sources") !== undefined)) return false;
  const offset = noSnat ? action.offset : (selector?.key.offset ?? root.offset);
  const what = noSnat ? "action NoSNAT" : `${selector?.key.text} directly under spec`;
  const message = `this is GKE's other EgressNATPolicy (${what}), which exempts traffic from NAT; it has no effect here`;
  report.error(
    "other-dialect",
    offset,
    message,
    "write sources, action: SNAT, destinations and gatewayRef, or keep the object out of this tree",
  );
  return true;
}

/** An EgressNATPolicy; without a readable gatewayRef there is no policy, only the object. */
export function readPolicy(ref: ObjectRef, root: MappingNode, at: Position, report: Report): Declared {
  const spec = mappingAt(root, "spec");
  const sources = readSources(spec, report);
  const destinations = readDestinations(spec, report);
  const gatewayRef = readGatewayRef(spec, report);
  const onGatewayFailure = readFailureMode(root);
  const policy: Policy | undefined = gatewayRef && {
    name: ref.name,
    sources,
    destinations,
    gatewayRef,
    onGatewayFailure,
    at,
  };
  return { kind: "EgressNATPolicy", ref, at, policy };
}

function readSources(spec: Node | undefined, report: Report): PolicySource[] {
  refuseEmpty(spec, "sources", "selects no pods", report);
  return itemsAt(spec, "sources").flatMap((item, index) => readSource(item, `spec.sources[${index}]`, report) ?? []);
}

/** Undefined when any part is broken: half a source would select more than was meant. */
function readSource(item: Node, path: string, report: Report): PolicySource | undefined {
  if (item.kind !== "mapping") return undefined;
  for (const { key } of item.entries) {
    if (key.text !== "namespaceSelector" && key.text !== "podSelector") return undefined;
  }
  const namespaceSelector = select(item, "namespaceSelector", "the pods of every namespace", path, report);
  const podSelector = select(item, "podSelector", "every pod of the namespace", path, report);
  return namespaceSelector && podSelector && { namespaceSelector, podSelector };
}

function select(
  source: MappingNode,
  name: string,
  whom: string,
  path: string,
  report: Report,
): LabelSelector | undefined {
  const entry = entryOf(source, name);
  if (entry !== undefined && !isAbsent(entry.value)) return readSelector(entry.value, `${path}.${name}`, report);
  const message = `${path} has no ${name}, so it takes ${whom}`;
  report.warning("selector-absent", entry?.key.offset ?? source.offset, message, `write ${name}: {} if that is meant`);
  return EVERYTHING;
}

function readDestinations(spec: Node | undefined, report: Report): Positioned<string>[] {
  refuseEmpty(spec, "destinations", "matches no traffic", report);
  return itemsAt(spec, "destinations").flatMap((item, index) => {
    const cidr = fieldOf(item, "cidr");
    return (cidr && readCidr(cidr, `spec.destinations[${index}].cidr`, report)) ?? [];
  });
}

function refuseEmpty(spec: Node | undefined, name: string, effect: string, report: Report): void {
  const list = fieldOf(spec, name);
  if (list?.kind !== "sequence" || list.items.length > 0) return;
  const message = `spec.${name} is empty: the policy ${effect}`;
  report.error("empty-list", list.offset, message, `add ${name}, or delete the policy`);
}

function readGatewayRef(spec: Node | undefined, report: Report): Policy["gatewayRef"] | undefined {
  const node = mappingAt(spec, "gatewayRef");
  const nameNode = textAt(node, "name");
  const name = readObjectName(nameNode, "spec.gatewayRef.name", report);
  const namespace = readNamespaceName(textAt(node, "namespace"), "spec.gatewayRef.namespace", report);
  if (nameNode === undefined || name === undefined || namespace === undefined) return undefined;
  return { value: { namespace, name }, at: report.at(nameNode.offset) };
}

/** Only the exact word lets traffic leave otherwise; the check against the schema explains every other. */
function readFailureMode(root: MappingNode): FailureMode {
  const annotations = mappingAt(mappingAt(root, "metadata"), "annotations");
  return textAt(annotations, ON_GATEWAY_FAILURE)?.text === "nodeIP" ? "nodeIP" : "drop";
}
