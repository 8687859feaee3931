/**
 * What a firewall in front of the destinations must let in: which source address reaches what, and why. Names no
 * commit, so that the file's own history shows exactly when the list changed.
 */
import type { StatusInput } from "./input.ts";

interface AllowedSource {
  readonly floatingIP: string;
  readonly policies: readonly string[];
  readonly destinations: readonly string[];
}

/** By path on the branch. */
export function allowlistPages({ cluster, intent, plan }: StatusInput): [path: string, content: string][] {
  const sources = allowedSources(intent, plan);
  const rows = sources.map(({ floatingIP, policies, destinations }) =>
    [floatingIP, policies.join(" "), destinations.join(" ")].map(csvField).join(","),
  );
  return [
    ["allowlist.csv", ["floating_ip,policies,destinations", ...rows, ""].join("\r\n")],
    ["allowlist.json", `${JSON.stringify({ cluster, sources }, undefined, 2)}\n`],
  ];
}

/** Policies that were refused use no address. Those that wait for a node are listed: they will use it. */
function allowedSources(intent: StatusInput["intent"], plan: StatusInput["plan"]): AllowedSource[] {
  const addresses = new Map(plan.policies.map(({ name, ip }) => [name, ip]));
  const byIP = new Map<string, { policies: string[]; destinations: string[] }>();
  for (const policy of intent.policies) {
    const ip = addresses.get(policy.name);
    if (!ip) continue;
    const source = byIP.get(ip) ?? { policies: [], destinations: [] };
    source.policies.push(policy.name);
    source.destinations.push(...policy.destinations.map(({ value }) => value));
    byIP.set(ip, source);
  }
  const sources = plan.allocations.flatMap(({ ip }) => {
    const source = byIP.get(ip);
    return source
      ? [{ floatingIP: ip, policies: sorted(source.policies), destinations: sorted(source.destinations) }]
      : [];
  });
  return sources;
}

function sorted(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}

/** RFC 4180; a field that a spreadsheet would take for a formula is kept from being one. */
function csvField(text: string): string {
  const inert = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(inert) ? `"${inert.replaceAll('"', '""')}"` : inert;
}
