/**
 * Which connections are affected because policies are. Established connections follow the egress id in their ct mark and
 * are otherwise never touched.
 */
import type { ClassRule, EgressId } from "../../policies/nodestate.ts";
import { FAMILIES } from "../addresses.ts";
import { heldChainName, idChainName, idOfChain, isClassChain, rulesOfClassChain } from "../chains.ts";
import type { PodChange, Settlement } from "../connections/judge.ts";
import { ID_MASK, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { ConnectionFilter } from "../kernel/conntrack.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements } from "../kernel/nft/transaction.ts";
import type { DesiredKernel, DesiredTable } from "../render.ts";
import { setName } from "../skeleton/words.ts";

export interface AffectedConnections {
  /** Those whose entries are not where the new rules look: forgotten before these let packets through. */
  readonly misplaced: readonly ConnectionFilter[];
  /** Those of pods that are gone or whose rules changed are to be judged; `null`: none. */
  readonly settlement: Settlement | null;
  /** Those whose NAT must be decided anew. */
  readonly forget: readonly ConnectionFilter[];
}

/**
 * What the kernel still holds of the former state says which, so a pass that was cut short is made up for by the next:
 * stale chains are swept only after this.
 */
export function affectedConnections(
  { main, podIPs }: Pick<DesiredKernel, "main" | "podIPs">,
  observed: TableState | null,
): AffectedConnections {
  if (observed === null) {
    return { misplaced: [], settlement: settlementOf(main, null, changedPods(main, NO_TABLE)), forget: [] };
  }
  const pods = [...changedPods(main, observed), ...removedPods(main, observed, podIPs)];
  return {
    misplaced: ofUnzonedIds(observed),
    settlement: settlementOf(main, observed, pods),
    forget: ofMovedIds(main, observed),
  };
}

const NO_TABLE: TableState = { chains: new Map(), sets: new Map() };

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

/** By the elements' keys. */
function podVerdicts(table: Pick<TableState, "sets">): ReadonlyMap<string, string> {
  return new Map(FAMILIES.flatMap((family) => [...(table.sets.get(setName("pods", family)) ?? [])]));
}

function settlementOf(
  desired: DesiredTable,
  observed: TableState | null,
  pods: readonly PodChange[],
): Settlement | null {
  const vanishedIds = observed === null ? [] : idsThatVanish(desired, observed);
  if (pods.length === 0 && vanishedIds.length === 0) return null;
  const ids = [...new Set([...idsOfMap(desired), ...idsOfMap(observed)])];
  const noEgressCIDRs = FAMILIES.flatMap((family) => [
    ...(desired.sets.get(setName("no_egress", family))?.keys() ?? []),
  ]);
  const floatingOfId = new Map([...floatingElements(desired)].map(([id, ip]) => [Number(id), ip]));
  return { pods, vanishedIds, ids, floatingOfId, noEgressCIDRs };
}

/** Of pods that are selected when a table is first installed, too: what they sent into the void began without a policy. */
function changedPods(desired: DesiredTable, observed: TableState): readonly PodChange[] {
  const before = podVerdicts(observed);
  const all = hasOrphans(observed, before);
  const known = observed === NO_TABLE ? podVerdicts(desired) : before;
  return [...podVerdicts(desired)]
    .filter(([key, verdict]) => known.has(key) && (all || (before.get(key) ?? "return") !== verdict))
    .map(([key, verdict]) => ({
      ...podOf(key),
      formerRules: formerRules(observed, before.get(key), all),
      rules: rulesOf(desired, verdict),
    }));
}

function removedPods(desired: DesiredTable, observed: TableState, podIPs: ReadonlySet<string>): readonly PodChange[] {
  const after = podVerdicts(desired);
  return [...podVerdicts(observed)]
    .filter(([key]) => !after.has(key))
    .map(([key, verdict]) => ({ ...podOf(key), formerRules: formerRules(observed, verdict, false) }))
    .map((pod) => ({ ...pod, rules: podIPs.has(pod.ip) ? "unknown" : "gone" }));
}

function rulesOf(desired: DesiredTable, verdict: string): readonly ClassRule[] {
  return rulesOfClassChain((desired.chains.get(chainOf(verdict)) ?? []).map(({ comment }) => comment));
}

/** @param all of a pass that was cut short: it may have switched the pod to another chain already */
function formerRules({ chains }: TableState, verdict: string | undefined, all: boolean): readonly ClassRule[] {
  const names = all ? [...chains.keys()].filter(isClassChain) : [chainOf(verdict ?? "")];
  return names.flatMap((name) => rulesOfClassChain(chains.get(name)?.rules ?? []));
}

function podOf(key: string): { readonly ip: string; readonly mac: string } {
  const [ip = "", mac = ""] = key.split(" . ");
  return { ip, mac };
}

/** A class chain that no pod leads to: a pass was cut short between switching and sweeping. */
function hasOrphans(observed: TableState, before: ReadonlyMap<string, string>): boolean {
  const inUse = new Set([...before.values()].map(chainOf));
  return [...observed.chains.keys()].some((name) => isClassChain(name) && !inUse.has(name));
}

function chainOf(verdict: string): string {
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

/** By an earlier version, on a gateway: packets midway begin entries with the same ports again. */
function ofUnzonedIds(observed: TableState): readonly ConnectionFilter[] {
  return observed.sets.has("zones")
    ? []
    : [...floatingElements(observed).keys()].map((id) => ({ egressId: Number(id) }));
}

/** Their packets are treated otherwise from now on: the NAT decision of a connection is made once, so it is made anew. */
function ofMovedIds(desired: DesiredTable, observed: TableState): readonly ConnectionFilter[] {
  const released = new Set(releasedIds(desired, observed));
  const moved = [...observed.chains].flatMap(([name, { rules }]) => {
    const id = idOfChain(name);
    const comment = desired.chains.get(name)?.[0]?.comment;
    return id === null || comment === undefined || comment === rules[0] || released.has(id) ? [] : [id];
  });
  const ofUsers = moved.flatMap((id) =>
    [...podVerdicts(desired)]
      .filter(([, verdict]) => rulesOf(desired, verdict).some((rule) => rule.id === id))
      .map(([key]) => ({ source: podOf(key).ip, egressId: id })),
  );
  return [...ofUsers, ...[...released].map((egressId) => ({ egressId }))];
}

function releasedIds(desired: DesiredTable, observed: TableState): readonly EgressId[] {
  const held = floatingElements(desired);
  return [...floatingElements(observed)].filter(([id, ip]) => held.get(id) !== ip).map(([id]) => Number(id));
}

function floatingElements(table: Pick<TableState, "sets">): Elements {
  return new Map(FAMILIES.flatMap((family) => [...(table.sets.get(setName("floating_of_id", family)) ?? [])]));
}
