/**
 * What to do so that the kernel holds what it should, in the order in which it must be done: whatever receives traffic
 * stands before anything leads there, and nothing leads there any more before it goes.
 */
import type { Action } from "../action.ts";
import { FAMILIES } from "../addresses.ts";
import { GATEWAY_TABLE } from "../constants.ts";
import { CURTAIN_CHAINS, lowerCurtain, raiseCurtain } from "../curtain.ts";
import type { ConnectionFilter } from "../kernel/conntrack.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { ObservedKernel } from "../observe.ts";
import type { DesiredKernel } from "../render.ts";
import { FORWARDING_CURE } from "../settings.ts";
import { setName } from "../skeleton/words.ts";
import { affectedConnections, withEndedIds } from "./connections.ts";
import { diffFloatingIPs, diffLeftovers, diffOverlay, mustCreateOverlay, overlayConflict } from "./overlay.ts";
import { diffTable, type NftChange } from "./tables.ts";

export interface Difference {
  /** Empty when there is none. */
  readonly actions: readonly Action[];
  /** What no action of ours can put right, one line each: somebody else's objects are in the way. */
  readonly conflicts: readonly string[];
}

export function diff(desired: DesiredKernel, observed: ObservedKernel): Difference {
  const conflict = overlayConflict(desired, observed);
  if (conflict !== null) return { actions: [], conflicts: [conflict] };
  const guard = diffTable(desired.guard, observed.guard);
  const standing = standingCurtain(guard.install === null ? observed.guard : null);
  const affected = affectedConnections(desired, observed.main, standing.length > 0);
  const { outdated, misplaced, settlement, forget } = affected;
  const main = diffTable(withEndedIds(desired.main, observed.main, settlement), observed.main);
  const outlived = namesDevice(desired) && mustCreateOverlay(desired, observed) && observed.gateway !== null;
  const gateway = diffTable(desired.gateway, outlived ? null : observed.gateway);
  const floating = diffFloatingIPs(desired, observed);
  const replacesMain = main.install !== null && observed.main !== null;
  const curtain = replacesMain ? CURTAIN_CHAINS : standing;
  return {
    conflicts: [...unforwarded(desired, observed), ...floating.conflicts],
    actions: [
      ...(guard.install ? [guard.install] : []),
      ...(replacesMain ? [curtainAction(desired, observed)] : []),
      ...(outlived ? [{ do: "remove-table", table: GATEWAY_TABLE, says: [] } as const] : []),
      ...diffOverlay(desired, observed),
      ...(gateway.install ? [gateway.install] : []),
      ...outdated.map(forgetAction),
      ...(main.install ? [main.install] : []),
      ...misplaced.map(forgetAction),
      ...transaction([...guard.protect, ...main.protect, ...gateway.protect]),
      ...floating.add,
      ...transaction([...gateway.switchOver, ...main.switchOver, ...guard.switchOver]),
      ...(settlement === null ? [] : [{ do: "settle-connections", settlement, says: [] } as const]),
      ...forget.map(forgetAction),
      ...transaction([...main.release, ...gateway.release]),
      ...floating.remove,
      ...diffLeftovers(desired, observed),
      ...transaction([...main.sweep, ...guard.sweep, ...gateway.sweep]),
      ...lower(curtain),
      ...floating.announce,
    ],
  };
}

/** When stateless, rules name the overlay device by its number: a device in its place has another. */
function namesDevice({ gatewayMode }: DesiredKernel): boolean {
  return gatewayMode === "stateless";
}

/** Also what an earlier pass left standing. */
function standingCurtain(guard: TableState | null): readonly string[] {
  return CURTAIN_CHAINS.filter((chain) => guard?.chains.has(chain));
}

function curtainAction({ main }: DesiredKernel, observed: ObservedKernel): Action {
  const union = (set: string) => [
    ...new Set([...(main.sets.get(set)?.keys() ?? []), ...(observed.main?.sets.get(set)?.keys() ?? [])]),
  ];
  const ofBothFamilies = (set: string) => FAMILIES.flatMap((family) => union(setName(set, family)));
  return {
    do: "apply",
    transaction: raiseCurtain(ofBothFamilies("pod_cidrs"), ofBothFamilies("destinations")),
    says: ["raised the curtain while the main table is replaced"],
  };
}

function unforwarded({ families }: DesiredKernel, { forwards }: ObservedKernel): readonly string[] {
  return families.filter((family) => !forwards.includes(family)).map((family) => FORWARDING_CURE[family]);
}

function lower(standing: readonly string[]): readonly Action[] {
  if (standing.length === 0) return [];
  return [{ do: "apply", transaction: lowerCurtain(standing), says: ["lowered the curtain"] }];
}

function transaction(changes: readonly NftChange[]): readonly Action[] {
  if (changes.length === 0) return [];
  return [{ do: "apply", transaction: changes.map(({ step }) => step), says: changes.flatMap(({ says }) => says) }];
}

/** The number of connections is known afterwards only; it is then part of the changes. */
function forgetAction(filter: ConnectionFilter): Action {
  return { do: "forget-connections", filter, says: [] };
}
