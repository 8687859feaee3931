/** Foreign use of floating IPs, as the gate's ingress rules noted it. */
import type { TableState } from "../kernel/nft/listing.ts";
import { addressOfTarget } from "./targets.ts";

export interface Conflict {
  readonly ip: string;
  /** Of a device that is none of our gateways. */
  readonly mac: string;
  /** When it was first seen without a break since, in milliseconds of the caller's clock. */
  readonly sinceMs: number;
}

/** The kernel forgets what is silent for a minute, and with it how long that had lasted: the rest is remembered here. */
export function updateConflicts(
  known: readonly Conflict[],
  seen: readonly { readonly ip: string; readonly mac: string }[],
  nowMs: number,
): readonly Conflict[] {
  return seen.map(({ ip, mac }) => {
    const before = known.find((conflict) => conflict.ip === ip && conflict.mac === mac);
    return { ip, mac, sinceMs: before?.sinceMs ?? nowMs };
  });
}

/** Without those who turned out to be gateways: in a new cluster nodes ask before they know each other. */
export function conflictsIn(table: TableState): readonly { readonly ip: string; readonly mac: string }[] {
  const noted = ["conflicts", "conflicts6", "conflict_targets"].flatMap((set) => [
    ...(table.sets.get(set)?.keys() ?? []),
  ]);
  const seen = noted.map((key) => {
    const [address = "", mac = ""] = key.split(" . ");
    return { ip: address.startsWith("0x") ? addressOfTarget(address) : address, mac };
  });
  const gateways = table.sets.get("gateway_macs");
  const foreign = seen.filter(({ mac }) => gateways?.has(mac) !== true);
  return [...new Map(foreign.map((conflict) => [`${conflict.ip} ${conflict.mac}`, conflict])).values()];
}
