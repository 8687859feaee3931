import type { ObjectRef, Position } from "../findings.ts";
import type { Positioned } from "../intent.ts";
import { readAddress } from "./addresses.ts";
import type { Declared } from "./declared.ts";
import type { Report } from "./report.ts";
import { fieldOf, itemsAt, mappingAt } from "./scalars.ts";
import type { MappingNode } from "./tree.ts";

/** A NetworkGatewayGroup with those of its addresses that can be read. */
export function readGroup(ref: ObjectRef, root: MappingNode, at: Position, report: Report): Declared {
  const spec = mappingAt(root, "spec");
  const items = itemsAt(spec, "floatingIPs");
  const floatingIPs: Positioned<string>[] = [];
  for (const [index, item] of items.entries()) {
    const address = readAddress(item, `spec.floatingIPs[${index}]`, report);
    if (address !== undefined) floatingIPs.push(address);
  }
  const list = fieldOf(spec, "floatingIPs");
  const whole = list?.kind === "sequence" && floatingIPs.length === items.length;
  const group = { namespace: ref.namespace ?? "", name: ref.name, floatingIPs, at };
  return { kind: "NetworkGatewayGroup", ref, at, group, whole };
}
