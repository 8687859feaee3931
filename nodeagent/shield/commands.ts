/**
 * The shield's table, as one line for an interactive nft: one transaction that puts it in the place of an earlier one.
 *
 * It drops what pods send to a policy's destination and the main table did not see, because that is not there, not filled
 * yet, or tampered with. The main table marks every packet that begins such a connection, whatever it decides, and every
 * packet of a connection with an egress id. Other connections under way were judged when they began, and cost nothing.
 */
import { createHash } from "node:crypto";
import { FAMILIES, type Family, ofFamily, outermostPrefixes } from "../addresses.ts";
import { SHIELD_TABLE } from "../constants.ts";
import { idInMark, isDecided, setName, WORDS } from "../skeleton/words.ts";
import type { Shielded } from "./shielded.ts";

/** Before the main table takes the bit off again, at -150. */
const PRIORITY = -155;

const TABLE = `${SHIELD_TABLE.family} ${SHIELD_TABLE.name}`;

export interface ShieldCommands {
  readonly line: string;
  /** A chain that names the content: by it the table is seen to be this one. */
  readonly versionChain: string;
}

/** `null`: there is nothing to be shielded. */
export function shieldCommands(shielded: Shielded): ShieldCommands | null {
  if (shielded.destinations.length === 0 || shielded.podCIDRs.length === 0) return null;
  const commands = tableCommands(shielded);
  const versionChain = `shield_${createHash("sha256").update(commands.join()).digest("hex").slice(0, 12)}`;
  return { line: [...commands, `add chain ${TABLE} ${versionChain}`].join("; "), versionChain };
}

function tableCommands(shielded: Shielded): readonly string[] {
  return [
    `add table ${TABLE} { flags owner; }`,
    `delete table ${TABLE}`,
    `add table ${TABLE} { flags owner; }`,
    `add counter ${TABLE} not_judged`,
    ...FAMILIES.flatMap((family) => setCommands(shielded, family)),
    ...idCommands(shielded),
    `add chain ${TABLE} closed`,
    ...FAMILIES.map(dropRule),
    `add chain ${TABLE} forward { type filter hook forward priority ${PRIORITY}; policy accept; }`,
    rule("forward", `${isDecided} return`),
    rule("forward", "ct direction reply return"),
    rule("forward", "ct state new goto closed"),
    rule("forward", "tcp flags & (fin | syn | rst | ack) == syn goto closed"),
    rule("forward", `ct ${idInMark} @ids goto closed`),
  ];
}

function rule(chain: string, text: string): string {
  return `add rule ${TABLE} ${chain} ${text}`;
}

/** Others use bits of the connection's mark too: only the ids in use are ours. */
function idCommands({ ids }: Shielded): readonly string[] {
  return [
    `add set ${TABLE} ids { typeof ct mark; }`,
    ...(ids.length === 0 ? [] : [`add element ${TABLE} ids { ${ids.join(", ")} }`]),
  ];
}

function setCommands({ podCIDRs, noEgressCIDRs, destinations }: Shielded, family: Family): readonly string[] {
  const { ip } = WORDS[family];
  return [
    ...intervals(setName("pod_cidrs", family), `${ip} saddr`, ofFamily(podCIDRs, family)),
    ...intervals(setName("no_egress", family), `${ip} daddr`, ofFamily(noEgressCIDRs, family)),
    ...intervals(setName("destinations", family), `${ip} daddr`, ofFamily(destinations, family)),
  ];
}

function intervals(name: string, key: string, prefixes: readonly string[]): readonly string[] {
  const elements = outermostPrefixes(prefixes);
  return [
    `add set ${TABLE} ${name} { typeof ${key}; flags interval; }`,
    ...(elements.length === 0 ? [] : [`add element ${TABLE} ${name} { ${elements.join(", ")} }`]),
  ];
}

function dropRule(family: Family): string {
  const { ip, neverRouted } = WORDS[family];
  const set = (name: string) => `@${setName(name, family)}`;
  const routed = neverRouted.map((prefix) => `${ip} daddr != ${prefix}`).join(" ");
  return rule(
    "closed",
    `${ip} saddr ${set("pod_cidrs")} ${ip} daddr ${set("destinations")} ${routed} ${ip} daddr != ${set("no_egress")} counter name not_judged drop`,
  );
}
