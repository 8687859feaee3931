/**
 * What each node may be told now, where floating IPs change hands by lease (docs/lease.md). That no two nodes hold one
 * address is the kernel's and the witnesses' business; here it is only about bringing the plan about without cutting
 * traffic, and about knowing when it is done. Level-triggered: computed anew from the plan and what is known after every
 * report; nothing remembers "which step we are at".
 */
import type { Plan } from "../model.ts";
import type { LeaseOrder, NodeState } from "../nodestate.ts";
import type { NodeProgress, Progress } from "../progress.ts";
import { compareText, listNames } from "../text.ts";
import { holdersOf } from "./holders.ts";
import { leaseOrders } from "./orders.ts";

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

/**
 * `hashOf` must be the hash that signals carry; it is called for every node, so it should remember its answers.
 *
 * @param reconciler its name as a witness; null: it is none
 */
export function stageLeases(
  plan: Plan,
  progress: Progress,
  hashOf: (state: NodeState) => string,
  reconciler: string | null = null,
): Stage {
  if (plan.next.witnesses.version === 0) {
    return { states: [], waiting: ["enough nodes have to report before witnesses can be named"], done: false };
  }
  const orders = leaseOrders(plan, progress, reconciler);
  const states: NodeState[] = [];
  const unconfirmed: string[] = [];
  for (const target of plan.nodes) {
    const known = progress.get(target.node);
    const state = withOrder(target, orders.get(target.node) as LeaseOrder);
    if (known !== undefined) states.push(state);
    if (known === undefined || !confirms(known, state, target, hashOf)) unconfirmed.push(target.node);
  }
  const waiting = [
    ...waitingAddresses(plan, progress),
    ...(unconfirmed.length === 0 ? [] : [`the plan is not confirmed by ${listNames(unconfirmed)}`]),
  ];
  return { states, waiting, done: waiting.length === 0 };
}

const ordered = new WeakMap<NodeState, { readonly lease: LeaseOrder; readonly state: NodeState }>();

/** The same object while target and order are the same: hashes are remembered by it. */
function withOrder(target: NodeState, lease: LeaseOrder): NodeState {
  const known = ordered.get(target);
  if (known !== undefined && sameOrder(known.lease, lease)) return known.state;
  const state = { ...target, held: [], gateways: [], lease };
  ordered.set(target, { lease, state });
  return state;
}

function sameOrder(a: LeaseOrder, b: LeaseOrder): boolean {
  const own = ({ floatingIPs: _1, gatewayMacs: _2, peers: _3, ...rest }: LeaseOrder) => rest;
  const same = (x: readonly unknown[], y: readonly unknown[]) => x === y || JSON.stringify(x) === JSON.stringify(y);
  return (
    same(a.floatingIPs, b.floatingIPs) &&
    same(a.gatewayMacs, b.gatewayMacs) &&
    same(a.peers, b.peers) &&
    JSON.stringify(own(a)) === JSON.stringify(own(b))
  );
}

function waitingAddresses({ allocations }: Plan, progress: Progress): string[] {
  const holders = holdersOf(progress);
  return allocations.flatMap(({ ip, node }) => {
    const holder = holders.get(ip);
    if (node === null || holder?.node === node) return [];
    return holder === undefined
      ? [`${ip} waits for ${node} to take it`]
      : [`${ip} is to move from ${holder.node} to ${node}`];
  });
}

function confirms(
  { report, sent }: NodeProgress,
  state: NodeState,
  target: NodeState,
  hashOf: (state: NodeState) => string,
): boolean {
  const newest = sent.at(-1);
  const hash = hashOf(state);
  if (report.outcome !== "converged" || report.hash !== hash || newest?.hash !== hash) return false;
  const seen = effectiveState(state, report);
  return sameText(seen.held, target.held) && sameText(seen.gateways, target.gateways);
}

/** The state with what the node was seen to hold, and to send to, in the places where it was left to the nodes. */
export function effectiveState(state: NodeState, report: NodeProgress["report"]): NodeState {
  if (state.lease === null) return state;
  const { addresses, nodes } = state.lease;
  const held = (report.lease?.held ?? []).flatMap(({ ip }) => {
    const address = addresses.find((one) => one.ip === ip);
    return address === undefined ? [] : [{ ip, id: address.id }];
  });
  const used = new Set(state.classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  const gateways = report.kernel.gateways.flatMap(({ id, mac }) => {
    const node = nodes.find((one) => one.mac === mac);
    return node === undefined || !used.has(id) ? [] : [{ id, ...node }];
  });
  return {
    ...state,
    held: held.sort((a, b) => compareText(a.ip, b.ip)),
    gateways: gateways.sort((a, b) => a.id - b.id),
  };
}

function sameText(a: readonly object[], b: readonly object[]): boolean {
  return a.length === b.length && textOf(a).join() === textOf(b).join();
}

const textOf = (items: readonly object[]): string[] =>
  items.map((item) => JSON.stringify(Object.entries(item).sort(([x], [y]) => compareText(x, y)))).sort(compareText);
