/**
 * The order in which a plan reaches the nodes: a gateway is ready before any source sends to it, an address is let go
 * before another node takes it, and what is removed goes the other way round. Level-triggered: `stage` is computed anew
 * from the plan and what is known after every report; nothing remembers "which step we are at".
 *
 * Invariant: at no moment may two nodes hold one address, however reports are lost, late or repeated, and whenever the
 * reconciler restarts. A node that left the cluster counts as having released everything; one that is merely not Ready
 * does not.
 */
import { type Grant, grantAddresses } from "./grants.ts";
import type { Plan } from "./model.ts";
import type { EgressId, Gateway, HeldAddress, NodeState } from "./nodestate.ts";
import { keepsHolding, keepsSending, kernelHolds, type NodeProgress, type Progress } from "./progress.ts";
import { listNames } from "./text.ts";

export interface Stage {
  /**
   * What each node may be told now, for every node that has reported. Publish a node's state when it has been sent none
   * yet or its hash differs from the last one sent.
   */
  readonly states: readonly NodeState[];
  /** What must happen before the stage can change, in words. Empty when done. */
  readonly waiting: readonly string[];
  /** Every node's kernel is what the plan says. */
  readonly done: boolean;
}

/** `hashOf` must be the hash that signals carry; it is called for every node, so it should remember its answers. */
export function stage(plan: Plan, progress: Progress, hashOf: (state: NodeState) => string): Stage {
  const grants = grantAddresses(plan, progress);
  const ready = readyGateways(plan, grants.values(), progress);
  const extras = keptElsewhere(grants);
  const states: NodeState[] = [];
  const unconfirmed: string[] = [];
  for (const target of plan.nodes) {
    const known = progress.get(target.node);
    if (known !== undefined) states.push(stageNode(target, grants, extras, ready, known));
    if (known === undefined || !confirms(known, target, hashOf)) unconfirmed.push(target.node);
  }
  const waiting = [
    ...[...grants.values()].flatMap((grant) => waitsFor(grant, progress) ?? []),
    ...(unconfirmed.length === 0 ? [] : [`the plan is not confirmed by ${listNames(unconfirmed)}`]),
  ];
  return { states, waiting, done: waiting.length === 0 };
}

interface ReadyGateway {
  readonly gateway: Gateway;
  /** It has the address and keeps it; otherwise only who sends there, and keeps doing so, goes on. */
  readonly settled: boolean;
}

/** The gateways that other nodes may send to now. */
function readyGateways(plan: Plan, grants: Iterable<Grant>, progress: Progress): Map<EgressId, ReadyGateway> {
  const ready = new Map<EgressId, ReadyGateway>();
  const nodes = new Map(plan.nodes.map((state) => [state.node, state]));
  for (const { id, ip, target, holder } of grants) {
    const at = nodes.get(holder ?? target ?? "");
    if (at === undefined || target === null) continue;
    const known = progress.get(at.node);
    if (known !== undefined && (holder === null || !kernelHolds(known, ip))) continue;
    const gateway = { id, node: at.node, underlayIP: at.underlayIP, mac: at.mac };
    ready.set(id, { gateway, settled: known !== undefined && keepsHolding(known, ip) });
  }
  return ready;
}

function waitsFor({ ip, target, holder, waiting }: Grant, progress: Progress): string | null {
  if (waiting !== null || target === null || holder !== target) return waiting;
  return kernelHolds(progress.get(target), ip) ? null : `${ip} waits for ${target} to hold it`;
}

/** Addresses that a node keeps although the plan gives them to another, or to none. */
function keptElsewhere(grants: ReadonlyMap<EgressId, Grant>): Map<string, HeldAddress[]> {
  const kept = new Map<string, HeldAddress[]>();
  for (const { ip, id, target, holder } of grants.values()) {
    if (holder !== null && holder !== target) kept.set(holder, [...(kept.get(holder) ?? []), { ip, id }]);
  }
  return kept;
}

/** The target itself, the same object, once nothing has to be held back. */
function stageNode(
  target: NodeState,
  grants: ReadonlyMap<EgressId, Grant>,
  extras: ReadonlyMap<string, readonly HeldAddress[]>,
  ready: ReadonlyMap<EgressId, ReadyGateway>,
  known: NodeProgress,
): NodeState {
  const { node } = target;
  const granted = target.held.filter(({ id }) => grants.get(id)?.holder === node);
  const kept = extras.get(node) ?? [];
  const gateways = target.gateways.flatMap((gateway) => {
    if (gateway.node === node && grants.get(gateway.id)?.holder === node) return [gateway];
    const usable = ready.get(gateway.id);
    return usable !== undefined && (usable.settled || keepsSending(known, usable.gateway)) ? [usable.gateway] : [];
  });
  const unchanged =
    kept.length === 0 &&
    granted.length === target.held.length &&
    gateways.length === target.gateways.length &&
    gateways.every(({ node: at }, i) => at === target.gateways[i]?.node);
  return unchanged ? target : { ...target, held: [...granted, ...kept], gateways };
}

function confirms({ report, sent }: NodeProgress, target: NodeState, hashOf: (state: NodeState) => string): boolean {
  const newest = sent.at(-1);
  const hash = hashOf(target);
  if (report.outcome !== "converged" || report.hash !== hash) return false;
  if (newest === undefined || newest.hash !== hash || newest.generation > report.generation) return false;
  const { held, gateways } = report.kernel;
  return (
    sameItems(
      held,
      target.held.map(({ ip }) => ip),
    ) && sameItems(gateways.map(entryText), target.gateways.map(entryText))
  );
}

function entryText({ id, mac }: { readonly id: EgressId; readonly mac: string }): string {
  return `${id} ${mac}`;
}

function sameItems(a: readonly string[], b: readonly string[]): boolean {
  const items = new Set(a);
  return items.size === b.length && b.every((item) => items.has(item));
}
