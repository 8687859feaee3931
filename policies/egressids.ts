/**
 * Egress ids: 1…16383, so that they fit the 14 bits of the mark. An address keeps its id while it is declared, in use or
 * not, and afterwards until no node may hold it. New ids go round in a circle: a freed id comes back only after all
 * others, because packets and connections that carry it may still be under way.
 */
import type { IpAddress } from "./intent.ts";
import type { Previous } from "./model.ts";
import type { EgressId } from "./nodestate.ts";

export const LAST_EGRESS_ID = 16383;

export interface EgressIds {
  /** An address is missing when all ids are taken. */
  readonly byIP: ReadonlyMap<IpAddress, EgressId>;
  readonly lastId: EgressId;
}

/** `ips` in the order in which new ids are given. Ids of `previous` that are out of range or given twice are ignored. */
export function assignIds(ips: readonly IpAddress[], previous: Previous): EgressIds {
  const owners = previousOwners(previous);
  const kept = new Map([...owners].map(([id, ip]) => [ip, id]));
  const byIP = new Map<IpAddress, EgressId>();
  let lastId = isEgressId(previous.lastId) ? previous.lastId : 0;
  for (const ip of ips) {
    const id = kept.get(ip) ?? nextFree(lastId, owners);
    if (id === undefined) break;
    if (!kept.has(ip)) {
      owners.set(id, ip);
      lastId = id;
    }
    byIP.set(ip, id);
  }
  return { byIP, lastId };
}

function previousOwners({ allocations, holders }: Previous): Map<EgressId, IpAddress> {
  const owners = new Map<EgressId, IpAddress>();
  const known = new Set<IpAddress>();
  for (const { ip, id } of [...allocations, ...holders]) {
    if (!isEgressId(id) || owners.has(id) || known.has(ip)) continue;
    owners.set(id, ip);
    known.add(ip);
  }
  return owners;
}

function nextFree(lastId: EgressId, owners: ReadonlyMap<EgressId, IpAddress>): EgressId | undefined {
  if (owners.size >= LAST_EGRESS_ID) return undefined;
  let id = lastId;
  do id = id >= LAST_EGRESS_ID ? 1 : id + 1;
  while (owners.has(id));
  return id;
}

function isEgressId(id: number): boolean {
  return Number.isInteger(id) && id >= 1 && id <= LAST_EGRESS_ID;
}
