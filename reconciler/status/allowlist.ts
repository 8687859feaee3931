/**
 * What a firewall in front of the destinations must let in: which source address reaches what, and why. Names no
 * commit, so that the file's own history shows exactly when the list changed.
 */
import type { FailureMode } from "../../policies/intent.ts";
import type { StatusInput } from "./input.ts";

interface AllowedSource {
  readonly floatingIP: string;
  readonly policies: readonly string[];
  readonly destinations: readonly string[];
  readonly onGatewayFailure: FailureMode;
  /** Where the traffic comes from while no node holds the floating IP; empty when it is held then. */
  readonly nodeAddresses: readonly string[];
  /** It comes from there now. */
  readonly nodeAddressesInUse: boolean;
}

/** By path on the branch. */
export function allowlistPages({ cluster, intent, plan }: StatusInput): [path: string, content: string][] {
  const sources = allowedSources(intent, plan);
  const rows = sources.map((source) =>
    [
      source.floatingIP,
      source.policies.join(" "),
      source.destinations.join(" "),
      source.onGatewayFailure,
      source.nodeAddresses.join(" "),
      source.onGatewayFailure === "drop" ? "" : String(source.nodeAddressesInUse),
    ]
      .map(csvField)
      .join(","),
  );
  const columns = "floating_ip,policies,destinations,on_gateway_failure,node_addresses,node_addresses_in_use";
  return [
    ["allowlist.csv", [columns, ...rows, ""].join("\r\n")],
    ["allowlist.json", `${JSON.stringify({ cluster, sources }, undefined, 2)}\n`],
  ];
}

/**
 * Policies that were refused use no address. Those that wait for a node are listed: they will use it. Of one address,
 * those that may leave with node addresses are apart from the others.
 */
function allowedSources(intent: StatusInput["intent"], plan: StatusInput["plan"]): AllowedSource[] {
  const outcomes = new Map(plan.policies.map((outcome) => [outcome.name, outcome]));
  const byIP = Map.groupBy(intent.policies, ({ name }) => outcomes.get(name)?.ip);
  return plan.allocations.flatMap(({ ip }) => {
    return (["drop", "nodeIP"] as const).flatMap((onGatewayFailure) => {
      const policies = (byIP.get(ip) ?? []).filter((policy) => policy.onGatewayFailure === onGatewayFailure);
      if (policies.length === 0) return [];
      const destinations = sorted(policies.flatMap((policy) => policy.destinations.map(({ value }) => value)));
      return {
        floatingIP: ip,
        policies: sorted(policies.map(({ name }) => name)),
        destinations,
        onGatewayFailure,
        nodeAddresses: onGatewayFailure === "drop" ? [] : nodeAddressesTo(destinations, plan),
        nodeAddressesInUse: policies.some(({ name }) => outcomes.get(name)?.state === "nodeIP"),
      };
    });
  });
}

/** Of the families of the destinations. */
function nodeAddressesTo(destinations: readonly string[], { nodeAddresses }: StatusInput["plan"]): string[] {
  const families = new Set(destinations.map((cidr) => cidr.includes(":")));
  return nodeAddresses.filter((ip) => families.has(ip.includes(":")));
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** RFC 4180; a field that a spreadsheet would take for a formula is kept from being one. */
function csvField(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
