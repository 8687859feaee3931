/** From what the state orders and who holds what at this moment to a state in which addresses and gateways are decided. Pure. */
import type { Gateway, LeasedAddress, LeaseOrder, NodeState } from "../../policies/nodestate.ts";
import type { Desired } from "../lease/io.ts";
import type { Followed, Holder } from "../moves/listener.ts";

/** Addresses this node holds, takes, or is giving up, with the epoch of the claim; null: still open from the run before. */
export type Holding = ReadonlyMap<string, number | null>;

/**
 * The state with `held` and `gateways` filled in. The address itself is on this node only while it is held, taken or given
 * up: a gate that somebody removes must not open a second holder.
 *
 * @param newer holders that the plan does not know yet, as they told
 * @param inherited gateways of before there was a lease: they serve until a holder is known
 */
export function withLease(
  state: NodeState,
  holding: Holding,
  newer: readonly Holder[],
  inherited: readonly Gateway[] = [],
): NodeState {
  if (state.lease === null) return state;
  const { addresses } = state.lease;
  const heard = new Map(newer.map((holder) => [holder.ip, holder]));
  const gatewayAt = gatewaysByNode(state, state.lease);
  return {
    ...state,
    held: addresses.filter(({ ip }) => holding.has(ip)).map(({ ip, id }) => ({ ip, id })),
    gateways: addresses.flatMap((address) => {
      const inheritedFrom = inherited.find(({ id }) => id === address.id)?.node ?? null;
      const { node, epoch } = heard.get(address.ip) ?? address.holder ?? { node: inheritedFrom, epoch: 0 };
      const holder = holderOf(state.node, holding.get(address.ip), node, epoch);
      const gateway = holder === null ? undefined : gatewayAt.get(holder);
      return gateway === undefined ? [] : [{ id: address.id, ...gateway }];
    }),
  };
}

/** What others say of this node itself is no news to it: what it does not hold goes nowhere. */
function holderOf(self: string, own: number | null | undefined, other: string | null, epoch: number): string | null {
  if (own === null || (own !== undefined && own >= epoch)) return self;
  return other === self ? null : other;
}

function gatewaysByNode(state: NodeState, { nodes }: LeaseOrder): ReadonlyMap<string, Omit<Gateway, "id">> {
  const { node, underlayIP, mac } = state;
  return new Map([...nodes, { node, underlayIP, mac }].map((gateway) => [gateway.node, gateway]));
}

/** @param withheld not to be taken yet */
export function desiredOf(order: LeaseOrder, node: string, withheld: ReadonlySet<string>): Desired {
  return {
    addresses: candidaciesOf(order, node)
      .filter(({ ip }) => !withheld.has(ip))
      .map(({ ip, candidates, releaseEpoch }) => ({
        ip,
        candidates,
        ...(releaseEpoch === undefined ? {} : { releaseEpoch }),
      })),
    witnesses: order.witnesses,
    targetWitnesses: order.targetWitnesses,
  };
}

export function candidaciesOf({ addresses }: LeaseOrder, node: string): readonly LeasedAddress[] {
  return addresses.filter(({ candidates }) => candidates.includes(node));
}

export function followedOf({ addresses }: LeaseOrder): readonly Followed[] {
  return addresses.map(({ ip, candidates, holder }) => ({ ip, candidates, holder: holder && { ip, ...holder } }));
}
