import { type Address, contains, type Prefix, parseAddress, parseCidr } from "../addresses.ts";
import type { ObjectRef, Position } from "../findings.ts";
import type { ClusterSettings } from "../intent.ts";
import { readAddress, readCidr } from "./addresses.ts";
import type { Declared } from "./declared.ts";
import { quote } from "./quote.ts";
import type { Report } from "./report.ts";
import { fieldOf, itemsAt, mappingAt, scalarType, textAt } from "./scalars.ts";
import { CLUSTER_DEFAULTS } from "./schemas.ts";
import { EVERYTHING, readSelector } from "./selectors.ts";
import { explainCron, parsePollInterval } from "./times.ts";
import type { MappingNode, Node } from "./tree.ts";

/** What holds when the tree has no EgressCluster, or for the fields it leaves out. */
export const DEFAULT_SETTINGS: ClusterSettings = {
  at: null,
  podCIDRs: [],
  serviceCIDRs: [],
  noEgressCIDRs: [],
  nodeSubnets: [],
  defaultGateways: [],
  gatewayNodeSelector: EVERYTHING,
  gatewayMode: null,
  rebalance: "",
  overlay: { vni: CLUSTER_DEFAULTS.vni, port: CLUSTER_DEFAULTS.port },
  pollIntervalSeconds: parsePollInterval(CLUSTER_DEFAULTS.pollInterval) as number,
  schedule: CLUSTER_DEFAULTS.schedule,
};

/** Ports at which other VXLAN devices of a node usually listen: IANA's, and Linux' old default (Flannel, Cilium). */
const SHARED_VXLAN_PORTS = [4789, 8472];

/** An EgressCluster; fields that cannot be read have their default. */
export function readCluster(ref: ObjectRef, root: MappingNode, at: Position, report: Report): Declared {
  const spec = mappingAt(root, "spec");
  const nodeSubnets = readCidrs(spec, "nodeSubnets", report);
  const settings: ClusterSettings = {
    at,
    podCIDRs: readCidrs(spec, "podCIDRs", report),
    serviceCIDRs: readCidrs(spec, "serviceCIDRs", report),
    noEgressCIDRs: readCidrs(spec, "noEgressCIDRs", report),
    nodeSubnets,
    defaultGateways: readDefaultGateways(spec, nodeSubnets, report),
    gatewayNodeSelector: readNodeSelector(spec, report),
    gatewayMode: readGatewayMode(spec, report),
    rebalance: textAt(mappingAt(spec, "gateway"), "rebalance")?.text ?? "",
    overlay: readOverlay(spec, report),
    pollIntervalSeconds: readPollInterval(spec, report),
    schedule: readSchedule(spec, report),
  };
  return { kind: "EgressCluster", ref, at, settings };
}

function readCidrs(spec: Node | undefined, name: string, report: Report): string[] {
  return itemsAt(spec, name).flatMap((item, index) => readCidr(item, `spec.${name}[${index}]`, report)?.value ?? []);
}

/** Routers of IPv6 are often known by their link-local address (RFC 4861), which lies in no subnet. */
const LINK_LOCAL = parseCidr("fe80::/10") as Prefix;

function readDefaultGateways(spec: Node | undefined, nodeSubnets: readonly string[], report: Report): string[] {
  const subnets = [LINK_LOCAL, ...nodeSubnets.map((cidr) => parseCidr(cidr) as Prefix)];
  const allSubnetsKnown = nodeSubnets.length > 0 && nodeSubnets.length === itemsAt(spec, "nodeSubnets").length;
  return itemsAt(spec, "defaultGateways").flatMap((item, index) => {
    const path = `spec.defaultGateways[${index}]`;
    const value = readAddress(item, path, report)?.value;
    if (value === undefined) return [];
    if (allSubnetsKnown && !subnets.some((subnet) => contains(subnet, parseAddress(value) as Address))) {
      const message = `${path} ${value} is in none of nodeSubnets, so it is no router of the nodes`;
      const fix = "correct the address, or add its subnet to nodeSubnets";
      report.warning("default-gateway-outside-subnets", item.offset, message, fix);
    }
    return value;
  });
}

function readNodeSelector(spec: Node | undefined, report: Report): ClusterSettings["gatewayNodeSelector"] {
  const node = fieldOf(mappingAt(spec, "gateway"), "nodeSelector");
  return (node && readSelector(node, "spec.gateway.nodeSelector", report)) ?? EVERYTHING;
}

function readGatewayMode(spec: Node | undefined, report: Report): ClusterSettings["gatewayMode"] {
  const node = textAt(mappingAt(spec, "gateway"), "mode");
  if (node?.text !== "stateful" && node?.text !== "stateless") return null;
  return { value: node.text, at: report.at(node.offset) };
}

function readOverlay(spec: Node | undefined, report: Report): ClusterSettings["overlay"] {
  const overlay = mappingAt(spec, "overlay");
  const port = fieldOf(overlay, "port");
  const number = integer(port, 65_535);
  if (port !== undefined && number !== undefined && SHARED_VXLAN_PORTS.includes(number)) {
    const message = `port ${number} is where other VXLAN devices listen; one with group policy cannot share it`;
    report.warning("shared-port", port.offset, message, `choose a private port such as ${CLUSTER_DEFAULTS.port}`);
  }
  return {
    vni: integer(fieldOf(overlay, "vni"), 0xffffff) ?? CLUSTER_DEFAULTS.vni,
    port: number ?? CLUSTER_DEFAULTS.port,
  };
}

function integer(node: Node | undefined, maximum: number): number | undefined {
  if (node?.kind !== "scalar" || scalarType(node) !== "integer") return undefined;
  const value = Number(node.text);
  return value >= 1 && value <= maximum ? value : undefined;
}

function readPollInterval(spec: Node | undefined, report: Report): number {
  const node = fieldOf(spec, "pollInterval");
  if (node?.kind !== "scalar") return DEFAULT_SETTINGS.pollIntervalSeconds;
  const seconds = parsePollInterval(node.text);
  if (seconds !== undefined) return seconds;
  const message = `spec.pollInterval ${quote(node.text)} is not a duration from 1s to 24h in whole seconds`;
  report.error("invalid-duration", node.offset, message, "write for example 15s, 1m30s or 1h");
  return DEFAULT_SETTINGS.pollIntervalSeconds;
}

function readSchedule(spec: Node | undefined, report: Report): string {
  const node = fieldOf(spec, "schedule");
  if (node?.kind !== "scalar") return DEFAULT_SETTINGS.schedule;
  const mistake = explainCron(node.text);
  if (mistake === undefined) return node.text.trim().replace(/\s+/g, " ");
  const message = `spec.schedule is not a cron expression: ${mistake}`;
  report.error(
    "invalid-schedule",
    node.offset,
    message,
    'write minute, hour, day of month, month, day of week, for example "*/5 * * * *"',
  );
  return DEFAULT_SETTINGS.schedule;
}
