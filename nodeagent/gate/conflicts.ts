/** Foreign use of floating IPs, as the gate's ingress rules noted it. */
import { FAMILIES } from "../addresses.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import { setName } from "../skeleton/words.ts";

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

export function conflictsIn(table: TableState): readonly { readonly ip: string; readonly mac: string }[] {
  return FAMILIES.flatMap((family) => [...(table.sets.get(setName("conflicts", family))?.keys() ?? [])]).map((key) => {
    const [ip = "", mac = ""] = key.split(" . ");
    return { ip, mac };
  });
}
