/** Who else uses floating IPs, as the gate's ingress rules noted it. */
import type { TableState } from "../kernel/nft/listing.ts";
import { addressOfTarget } from "./targets.ts";

export interface Conflict {
  readonly ip: string;
  readonly mac: string;
  /** Of a node that may hold floating IPs, while this one holds the address; else of a stranger. */
  readonly byGateway: boolean;
  /** When it was first seen without a break since, in milliseconds of the caller's clock. */
  readonly sinceMs: number;
}

/** How long it has been seen, in words. */
export function lasting({ sinceMs }: Conflict, nowMs: number): string {
  return `for ${Math.round((nowMs - sinceMs) / 1_000)} s`;
}

type Seen = Omit<Conflict, "sinceMs">;

/** The kernel forgets what is silent for a minute, and with it how long that had lasted: the rest is remembered here. */
export function updateConflicts(known: readonly Conflict[], seen: readonly Seen[], nowMs: number): readonly Conflict[] {
  return seen.map((one) => {
    const before = known.find(({ ip, mac }) => ip === one.ip && mac === one.mac);
    return { ...one, sinceMs: before?.sinceMs ?? nowMs };
  });
}

/** Sets by which a gateway is seen to use what this node holds. */
export const CONTESTED_SETS = ["contested", "contested6", "contested_targets"];
const FOREIGN_SETS = ["conflicts", "conflicts6", "conflict_targets"];

/** Of strangers, without those who turned out to be gateways: in a new cluster nodes ask before they know each other. */
export function conflictsIn(table: TableState): readonly Seen[] {
  const gateways = table.sets.get("gateway_macs");
  const strangers = noted(table, FOREIGN_SETS).filter(({ mac }) => gateways?.has(mac) !== true);
  return [
    ...strangers.map((seen) => ({ ...seen, byGateway: false })),
    ...noted(table, CONTESTED_SETS).map((seen) => ({ ...seen, byGateway: true })),
  ];
}

function noted(table: TableState, sets: readonly string[]): readonly Pick<Seen, "ip" | "mac">[] {
  const keys = sets.flatMap((set) => [...(table.sets.get(set)?.keys() ?? [])]);
  const seen = keys.map((key) => {
    const [address = "", mac = ""] = key.split(" . ");
    return { ip: address.startsWith("0x") ? addressOfTarget(address) : address, mac };
  });
  return [...new Map(seen.map((one) => [`${one.ip} ${one.mac}`, one])).values()];
}
