/**
 * Which connections are affected because policies are. Established connections follow the egress id in their ct mark and
 * are otherwise never touched.
 */
import type { EgressId } from "../../policies/nodestate.ts";
import { FAMILIES } from "../addresses.ts";
import { heldChainName, idChainName, idOfChain, idsOfClassChain, rulesOfClassChain } from "../chains.ts";
import type { PodChange, Settlement } from "../connections/judge.ts";
import { ID_MASK, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { ConnectionFilter } from "../kernel/conntrack.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements } from "../kernel/nft/transaction.ts";
import type { DesiredTable } from "../render.ts";
import { setName } from "../skeleton/words.ts";

export interface AffectedConnections {
  /** Those of pods whose rules changed are to be judged; `null`: none. */
  readonly settlement: Settlement | null;
  /** Those of pods that are gone, and those whose NAT must be decided anew. Of ended ones after they were told. */
  readonly forget: readonly ConnectionFilter[];
}

/**
 * What the kernel still holds of the former state says which, so a pass that was cut short is made up for by the next:
 * stale chains are swept only after this.
 */
export function affectedConnections(desired: DesiredTable, observed: TableState | null): AffectedConnections {
  const before = podVerdicts(observed ?? { sets: new Map() });
  const after = podVerdicts(desired);
  return {
    settlement: settlementOf(desired, observed, before, after),
    forget: observed === null ? [] : [...ofRemovedPods(before, after), ...ofMovedIds(desired, observed, after)],
  };
}

/** The ids map also leads what has ended; those elements stay, since entries of such connections may. */
export function withEndedIds(
  desired: DesiredTable,
  observed: TableState | null,
  settlement: Settlement | null,
): DesiredTable {
  const ids = desired.sets.get("ids");
  const left = [...(observed?.sets.get("ids") ?? [])].filter(([, verdict]) => verdict === TO_ENDED);
  const ending = (settlement?.ids ?? []).flatMap((id) =>
    [MARK_TUNNEL, MARK_SNAT].map((role) => [String(role | id), TO_ENDED] as const),
  );
  return { ...desired, sets: new Map([...desired.sets, ["ids", new Map([...(ids ?? []), ...left, ...ending])]]) };
}

const TO_ENDED = "goto ended";

type Verdicts = ReadonlyMap<string, string>;

function podVerdicts(table: Pick<TableState, "sets">): Verdicts {
  return new Map(FAMILIES.flatMap((family) => [...(table.sets.get(setName("pods", family)) ?? [])]));
}

function settlementOf(
  desired: DesiredTable,
  observed: TableState | null,
  before: Verdicts,
  after: Verdicts,
): Settlement | null {
  const cutShort = observed !== null && hasOrphans(observed, before);
  const isAffected = (key: string, verdict: string) =>
    observed === null ? verdict !== "return" : before.has(key) && (cutShort || before.get(key) !== verdict);
  const pods = [...after]
    .filter(([key, verdict]) => isAffected(key, verdict))
    .map(([key]) => podChange(desired, key, after));
  const vanishedIds = observed === null ? [] : idsThatVanish(desired, observed);
  if (pods.length === 0 && vanishedIds.length === 0) return null;
  const ids = [...new Set([...idsOfMap(desired), ...idsOfMap(observed)])];
  const noEgressCIDRs = FAMILIES.flatMap((family) => [
    ...(desired.sets.get(setName("no_egress", family))?.keys() ?? []),
  ]);
  return { pods, vanishedIds, ids, noEgressCIDRs };
}

function podChange(desired: DesiredTable, key: string, after: Verdicts): PodChange {
  const [ip = "", mac = ""] = key.split(" . ");
  const chain = desired.chains.get(chainOf(after.get(key))) ?? [];
  return { ip, mac, rules: rulesOfClassChain(chain.map(({ comment }) => comment)) };
}

/** A class chain that no pod leads to: a pass was cut short between switching and sweeping. */
function hasOrphans(observed: TableState, before: Verdicts): boolean {
  const inUse = new Set([...before.values()].map(chainOf));
  return [...observed.chains.keys()].some((name) => name.startsWith("class_") && !inUse.has(name));
}

function chainOf(verdict = ""): string {
  return verdict.replace(/^goto /, "");
}

/** Where an id is held, other nodes' pods have connections under it. */
function idsThatVanish(desired: DesiredTable, observed: TableState): readonly EgressId[] {
  const isHeld = (id: EgressId) => observed.chains.has(heldChainName(id)) || desired.chains.has(heldChainName(id));
  return idsOfMap(observed).filter((id) => !desired.chains.has(idChainName(id)) && !isHeld(id));
}

function idsOfMap(table: Pick<TableState, "sets"> | null): readonly EgressId[] {
  return [...(table?.sets.get("ids")?.keys() ?? [])].map(Number).filter((key) => key <= ID_MASK);
}

function ofRemovedPods(before: Verdicts, after: Verdicts): readonly ConnectionFilter[] {
  return [...before.keys()].filter((key) => !after.has(key)).map((key) => ({ source: addressOf(key) }));
}

/** Their packets are treated otherwise from now on: the NAT decision of a connection is made once, so it is made anew. */
function ofMovedIds(desired: DesiredTable, observed: TableState, after: Verdicts): readonly ConnectionFilter[] {
  const released = new Set(releasedIds(desired, observed));
  const changed = [...observed.chains].flatMap(([name, { rules }]) => {
    const id = idOfChain(name);
    const comment = desired.chains.get(name)?.[0]?.comment;
    if (id === null || comment === undefined || comment === rules[0] || released.has(id)) return [];
    return [...after.keys()]
      .filter((key) => idsOf(desired, after.get(key)).has(id))
      .map((key) => ({ source: addressOf(key), egressId: id }));
  });
  return [...changed, ...[...released].map((egressId) => ({ egressId }))];
}

function releasedIds(desired: DesiredTable, observed: TableState): readonly EgressId[] {
  const held = floatingOfId(desired);
  return [...floatingOfId(observed)].filter(([id, ip]) => held.get(id) !== ip).map(([id]) => Number(id));
}

function floatingOfId(table: Pick<TableState, "sets">): Elements {
  return new Map(FAMILIES.flatMap((family) => [...(table.sets.get(setName("floating_of_id", family)) ?? [])]));
}

function idsOf(desired: DesiredTable, verdict: string | undefined): ReadonlySet<EgressId> {
  return idsOfClassChain((desired.chains.get(chainOf(verdict)) ?? []).map(({ comment }) => comment));
}

function addressOf(podKey: string): string {
  return podKey.split(" . ")[0] ?? podKey;
}
