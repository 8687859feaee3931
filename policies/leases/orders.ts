/** From the plan and what the nodes reported to what each node is told about floating IPs that change hands. */
import type { IpAddress } from "../intent.ts";
import type { Plan, TakeOver } from "../model.ts";
import type { EgressId, LeasedAddress, LeaseNode, LeaseOrder, NodeState, Peer } from "../nodestate.ts";
import type { Progress } from "../progress.ts";
import { compareText } from "../text.ts";
import { holdersOf, lastKnownHolder } from "./holders.ts";
import { nodeOf, targetWitnesses } from "./witnesses.ts";

/** The orders of all nodes of the plan, by name. */
export function leaseOrders(plan: Plan, progress: Progress): Map<string, LeaseOrder> {
  const context = contextOf(plan, progress);
  const target = targetWitnesses(
    plan.next.witnesses,
    plan.nodes.map(({ node }) => node),
    progress,
  );
  const coordinator = target === null ? undefined : coordinatorOf(plan, progress);
  return new Map(
    plan.nodes.map((state) => {
      const order = orderOf(state, context);
      return [state.node, { ...order, targetWitnesses: state.node === coordinator ? target : null }] as const;
    }),
  );
}

interface Context extends SharedLists {
  readonly plan: Plan;
  readonly byCandidate: ReadonlyMap<string, readonly LeasedAddress[]>;
  readonly byId: ReadonlyMap<EgressId, LeasedAddress>;
  readonly nodes: ReadonlyMap<string, LeaseNode>;
  readonly peers: ReadonlyMap<string, Peer>;
}

/** The same for every node. */
interface SharedLists {
  readonly allPeers: readonly Peer[];
  readonly gatewayMacs: readonly string[];
  readonly floatingIPs: readonly IpAddress[];
}

const lastShared = new WeakMap<Plan, { readonly text: string; readonly lists: SharedLists }>();

/** The same objects while they say the same, so that they are compared and hashed once and not for every node. */
function shared(plan: Plan, lists: SharedLists): SharedLists {
  const text = JSON.stringify(lists);
  const last = lastShared.get(plan);
  if (last?.text === text) return last.lists;
  lastShared.set(plan, { text, lists });
  return lists;
}

function contextOf(plan: Plan, progress: Progress): Context {
  const holders = holdersOf(progress);
  const addresses = [
    ...plan.allocations.map(({ ip, id, node }) => leased(ip, id, node, holders.get(ip), plan, progress)),
    ...stillHeld(plan, holders, progress),
  ];
  const gateways = new Set(addresses.flatMap(({ candidates }) => candidates));
  const macs = [...gateways].flatMap((node) => plan.next.agents[node]?.underlayMac ?? []);
  const allPeers = plan.nodes.flatMap(({ node, underlayIP: ip }) => {
    const publicKey = plan.next.agents[node]?.publicKey;
    return publicKey === undefined ? [] : [{ node, ip, publicKey }];
  });
  const byCandidate = new Map<string, LeasedAddress[]>();
  for (const address of addresses) {
    for (const node of address.candidates) byCandidate.set(node, [...(byCandidate.get(node) ?? []), address]);
  }
  return {
    plan,
    byCandidate,
    byId: new Map(addresses.map((address) => [address.id, address])),
    nodes: new Map(plan.nodes.map(({ node, underlayIP, mac }) => [node, { node, underlayIP, mac }])),
    peers: new Map(allPeers.map((peer) => [peer.node, peer])),
    ...shared(plan, {
      allPeers,
      gatewayMacs: [...new Set(macs)].sort(compareText),
      floatingIPs: addresses.map(({ ip }) => ip).sort(compareText),
    }),
  };
}

/**
 * A planned move is two steps: the new holder is told first, and only when it watches for the address is the old one asked
 * to let go. Until then the old one stays a candidate, whatever the plan thinks of it.
 */
function leased(
  ip: IpAddress,
  id: EgressId,
  planned: string | null,
  holder: TakeOver | undefined,
  plan: Plan,
  progress: Progress,
): LeasedAddress {
  const candidates = plan.candidates.get(ip) ?? [];
  const told = { ip, id, holder: holder ?? lastKnownHolder(ip, plan.next, progress) ?? null };
  if (holder === undefined) {
    const claimants = claimantsOf(ip, progress);
    const isNew = claimants.length === 0 && plan.next.takeOvers[ip] === undefined;
    // Nothing is lost by waiting for the planned node, and a standby that is faster would keep it.
    if (isNew && planned !== null && progress.has(planned)) return { ...told, candidates: [planned] };
    return { ...told, candidates: [...new Set([...candidates, ...claimants])] };
  }
  if (planned === null || holder.node === planned) return { ...told, candidates };
  if (!isReadyToTake(planned, ip, progress)) {
    return { ...told, candidates: candidates.includes(holder.node) ? candidates : [...candidates, holder.node] };
  }
  const isPlannedMove = holder.epoch === plan.next.takeOvers[ip]?.epoch;
  return isPlannedMove ? { ...told, candidates, releaseEpoch: holder.epoch } : { ...told, candidates };
}

/** Who may have it is not made to let it go before it is known who has. */
function claimantsOf(ip: IpAddress, progress: Progress): string[] {
  return [...progress].flatMap(([node, { report }]) => (report.lease?.pending.includes(ip) ? [node] : []));
}

/** The node has confirmed that it knows itself to be the first to take it. */
function isReadyToTake(node: string, ip: IpAddress, progress: Progress): boolean {
  const known = progress.get(node);
  const confirmed = known?.sent.find(({ generation }) => generation === known.report.generation);
  const lease = known?.report.outcome === "converged" ? confirmed?.state.lease : undefined;
  return lease?.addresses.some((one) => one.ip === ip && one.candidates[0] === node) ?? false;
}

/** An address that is no longer allocated stays with its holder while a node still sends through it. */
function stillHeld(plan: Plan, holders: ReadonlyMap<IpAddress, TakeOver>, progress: Progress): LeasedAddress[] {
  const allocated = new Set(plan.allocations.map(({ ip }) => ip));
  const ids = new Map(plan.next.holders.map(({ ip, id }) => [ip, id]));
  return [...holders].flatMap(([ip, holder]) => {
    const id = allocated.has(ip) ? undefined : ids.get(ip);
    if (id === undefined) return [];
    const used = [...progress].some(
      ([node, { report }]) => node !== holder.node && report.kernel.gateways.some((gateway) => gateway.id === id),
    );
    return used ? [{ ip, id, candidates: [holder.node], holder }] : [];
  });
}

function orderOf(state: NodeState, context: Context): Omit<LeaseOrder, "targetWitnesses"> {
  const { node } = state;
  const used = new Set(state.classes.flatMap(({ rules }) => rules.map(({ id }) => id)));
  const mine = context.byCandidate.get(node) ?? [];
  const addresses = [...new Set([...mine, ...[...used].flatMap((id) => context.byId.get(id) ?? [])])].sort(
    (a, b) => a.id - b.id,
  );
  const names = new Set(addresses.flatMap(({ candidates }) => candidates));
  const { witnesses } = context.plan.next;
  const isWitness = witnesses.members.some((member) => nodeOf(member) === node);
  // A new holder tells every node; a witness may be asked by every candidate.
  return {
    addresses,
    nodes: [...names].sort(compareText).flatMap((name) => context.nodes.get(name) ?? []),
    floatingIPs: context.floatingIPs,
    gatewayMacs: context.gatewayMacs,
    witnesses,
    peers:
      mine.length > 0 || isWitness ? context.allPeers : peersOf([...names, ...witnesses.members.map(nodeOf)], context),
  };
}

function peersOf(names: readonly string[], { peers }: Context): Peer[] {
  return [...new Set(names)].sort(compareText).flatMap((name) => peers.get(name) ?? []);
}

/** Any member that reports: it asks the others. */
function coordinatorOf({ nodes, next }: Plan, progress: Progress): string | undefined {
  const members = new Set(next.witnesses.members.map(nodeOf));
  return nodes.find(({ node }) => members.has(node) && progress.has(node))?.node;
}
