/**
 * Which connections are affected because policies are. Established connections follow the egress id in their ct mark and
 * are otherwise never touched.
 */
import type { ClassRule, EgressId } from "../../policies/nodestate.ts";
import { FAMILIES } from "../addresses.ts";
import { heldChainName, idChainName, idOfChain, isClassChain, rulesOfClassChain, SNAT_HERE } from "../chains.ts";
import type { PodChange, Settlement } from "../connections/judge.ts";
import { ID_MASK, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { ConnectionFilter } from "../kernel/conntrack.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements } from "../kernel/nft/transaction.ts";
import type { DesiredKernel, DesiredTable } from "../render.ts";
import { setName } from "../skeleton/words.ts";
import { skeletonDrift } from "./skeleton.ts";

export interface AffectedConnections {
  /** Those that this node translated itself, which is its gateways' from now on: forgotten before. */
  readonly outdated: readonly ConnectionFilter[];
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
 *
 * @param curtainStands an earlier pass was cut short after it had replaced the table
 */
export function affectedConnections(
  desired: Desired,
  observed: TableState | null,
  curtainStands: boolean,
): AffectedConnections {
  const { main, podIPs } = desired;
  if (observed === null) {
    const settlement = settlementOf(desired, null, changedPods(main, NO_TABLE), curtainStands);
    return { outdated: [], misplaced: [], settlement, forget: [] };
  }
  const pods = [...changedPods(main, observed), ...removedPods(main, observed, podIPs)];
  const settlement = settlementOf(desired, observed, pods, curtainStands || isReaddressed(main, observed));
  if (desired.gatewayMode === "stateless") {
    return { outdated: [], misplaced: [], settlement, forget: wasStateless(observed) ? [] : ofHeldIds(observed) };
  }
  return {
    outdated: wasStateless(observed) ? idsOfMap(observed).map((egressId) => ({ egressId })) : [],
    misplaced: ofUnzonedIds(observed),
    settlement,
    forget: ofMovedIds(main, observed),
  };
}

type Desired = Pick<DesiredKernel, "main" | "podIPs" | "gatewayMode" | "portBlock">;

/** Only then a gateway has this set. */
function wasStateless(observed: TableState): boolean {
  return observed.sets.has("served");
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
  { main, gatewayMode, portBlock }: Desired,
  observed: TableState | null,
  pods: readonly PodChange[],
  readdressed: boolean,
): Settlement | null {
  const vanishedIds = observed === null ? [] : idsThatVanish(main, observed);
  const stateless = gatewayMode === "stateless" ? { block: portBlock, idsHeldHere: snattedIds(main, observed) } : null;
  const isAnybodys = vanishedIds.length > 0 || (stateless !== null && readdressed);
  if (pods.length === 0 && !isAnybodys) return null;
  const ids = [...new Set([...idsOfMap(main), ...idsOfMap(observed)])];
  const noEgressCIDRs = FAMILIES.flatMap((family) => [...(main.sets.get(setName("no_egress", family))?.keys() ?? [])]);
  const floatingOfId = new Map([...floatingElements(main)].map(([id, ip]) => [Number(id), ip]));
  return { pods, vanishedIds, isAnybodys, ids, floatingOfId, noEgressCIDRs, stateless };
}

/** Their way does not lead through the overlay: of ids that go, as long as there is one. */
function snattedIds(desired: DesiredTable, observed: TableState | null): ReadonlySet<EgressId> {
  const first = new Map([
    ...[...(observed?.chains ?? [])].map(([name, { rules }]) => [name, rules[0]] as const),
    ...[...desired.chains].map(([name, [rule]]) => [name, rule?.comment] as const),
  ]);
  return new Set(
    [...first].flatMap(([name, comment]) => (comment?.endsWith(SNAT_HERE) ? (idOfChain(name) ?? []) : [])),
  );
}

/** What is under way may have another source than its id says now: of an id that has another address, or of another table. */
function isReaddressed(desired: DesiredTable, observed: TableState): boolean {
  if (skeletonDrift(desired.skeleton, observed) !== null) return true;
  const addresses = floatingElements(desired);
  return [...floatingElements(observed)].some(([id, ip]) => (addresses.get(id) ?? ip) !== ip);
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
  return observed.sets.has("zones") ? [] : ofHeldIds(observed);
}

/** Whose connections this node has translated for others. */
function ofHeldIds(observed: TableState): readonly ConnectionFilter[] {
  return [...floatingElements(observed).keys()].map((id) => ({ egressId: Number(id) }));
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
