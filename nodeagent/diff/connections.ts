/**
 * Which connections must go because the policy that admitted them does. Established connections follow the egress id
 * in their ct mark and are otherwise never touched.
 */
import type { EgressId } from "../../policies/nodestate.ts";
import { FAMILIES } from "../addresses.ts";
import { heldChainName, idChainName, idOfChain, idsOfClassChain } from "../chains.ts";
import type { ConnectionFilter } from "../kernel/conntrack.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements } from "../kernel/nft/transaction.ts";
import type { DesiredTable } from "../render.ts";
import { setName } from "../skeleton/words.ts";

type Ids = ReadonlySet<EgressId>;

/**
 * What the kernel still holds of the former state says what to forget, so a pass that was cut short is made up for by
 * the next: stale chains are swept only after this.
 */
export function connectionsToForget(desired: DesiredTable, observed: TableState | null): readonly ConnectionFilter[] {
  if (observed === null) return [];
  const before = podIds(ofBothFamilies(observed, "pods"), (chain) => observed.chains.get(chain)?.rules ?? []);
  const after = podIds(ofBothFamilies(desired, "pods"), (chain) =>
    (desired.chains.get(chain) ?? []).map(({ comment }) => comment),
  );
  return withoutRepetition([
    ...ofRemovedPods(before, after),
    ...ofIds(desired, observed, before),
    ...ofChangedClasses(before, after, idsOfOrphans(observed)),
  ]);
}

/** Egress ids that each pod element leads to; the key is the element's. */
function podIds(pods: Elements, commentsOf: (chain: string) => readonly string[]): ReadonlyMap<string, Ids> {
  return new Map(
    [...pods].map(([key, verdict]) => [key, idsOfClassChain(commentsOf(verdict.replace(/^goto /, "")))] as const),
  );
}

function ofRemovedPods(before: ReadonlyMap<string, Ids>, after: ReadonlyMap<string, Ids>): readonly ConnectionFilter[] {
  return [...before.keys()].filter((key) => !after.has(key)).map((key) => ({ source: addressOf(key) }));
}

function ofChangedClasses(
  before: ReadonlyMap<string, Ids>,
  after: ReadonlyMap<string, Ids>,
  orphaned: Ids,
): readonly ConnectionFilter[] {
  return [...after].flatMap(([key, ids]) => {
    const former = before.get(key);
    if (former === undefined) return [];
    const lost = [...new Set([...former, ...orphaned])].filter((id) => !ids.has(id));
    return lost.map((egressId) => ({ source: addressOf(key), egressId }));
  });
}

/** Ids of class chains that no pod leads to any more: a pass was cut short between switching and sweeping. */
function idsOfOrphans(observed: TableState): Ids {
  const inUse = new Set([...ofBothFamilies(observed, "pods").values()].map((verdict) => verdict.replace(/^goto /, "")));
  const orphans = [...observed.chains].filter(([name]) => name.startsWith("class_") && !inUse.has(name));
  return new Set(orphans.flatMap(([, { rules }]) => [...idsOfClassChain(rules)]));
}

/**
 * An id that vanished, or whose packets are treated otherwise from now on: the NAT decision of a connection is made
 * once, so it must be made anew.
 */
function ofIds(
  desired: DesiredTable,
  observed: TableState,
  before: ReadonlyMap<string, Ids>,
): readonly ConnectionFilter[] {
  const isHeld = (id: EgressId) => observed.chains.has(heldChainName(id)) || desired.chains.has(heldChainName(id));
  const changed = [...observed.chains].flatMap(([name, { rules }]) => {
    const id = idOfChain(name);
    if (id === null || desired.chains.get(idChainName(id))?.[0]?.comment === rules[0]) return [];
    if (!isHeld(id)) return [{ egressId: id }];
    // Other nodes' pods have connections here under the same id.
    const users = [...before].filter(([, ids]) => ids.has(id));
    return users.map(([key]) => ({ source: addressOf(key), egressId: id }));
  });
  return [...changed, ...ofReleasedIds(desired, observed)];
}

function ofReleasedIds(desired: DesiredTable, observed: TableState): readonly ConnectionFilter[] {
  const held = ofBothFamilies(desired, "floating_of_id");
  return [...ofBothFamilies(observed, "floating_of_id")]
    .filter(([id, ip]) => held.get(id) !== ip)
    .map(([id]) => ({ egressId: Number(id) }));
}

/** Their keys are of one family, or belong to one floating IP: nothing is lost when they are put together. */
function ofBothFamilies({ sets }: Pick<TableState, "sets">, set: string): Elements {
  return new Map(FAMILIES.flatMap((family) => [...(sets.get(setName(set, family)) ?? [])]));
}

/** Also without those that a wider filter covers. */
function withoutRepetition(filters: readonly ConnectionFilter[]): readonly ConnectionFilter[] {
  const distinct = new Map(filters.map((filter) => [JSON.stringify(filter), filter]));
  const covered = (filter: ConnectionFilter) =>
    "source" in filter &&
    "egressId" in filter &&
    (distinct.has(JSON.stringify({ source: filter.source })) ||
      distinct.has(JSON.stringify({ egressId: filter.egressId })));
  return [...distinct.values()].filter((filter) => !covered(filter));
}

function addressOf(podKey: string): string {
  return podKey.split(" . ")[0] ?? podKey;
}
