/**
 * A source node hears who holds which floating IP, and goes by the newest epoch. Pure: messages in, changes out. Only a
 * node that the plan lets hold an address is believed: whoever has got into one node must not draw the traffic of others.
 */
import type { HeldEpoch, Moved, MovedAnswer } from "./messages.ts";

export interface Holder {
  readonly ip: string;
  /** Grows with each take-over. */
  readonly epoch: number;
  readonly node: string;
}

/** A floating IP that this node sends through. */
export interface Followed {
  readonly ip: string;
  /** Nodes that may hold it. */
  readonly candidates: readonly string[];
  /** As far as the reconciler knows. */
  readonly holder: Holder | null;
}

export interface Listener {
  /** Replaces what was followed. What was heard before counts, also about addresses that were not followed then. */
  follow(followed: readonly Followed[]): void;
  /** The holders that are not those of the plan, because a newer epoch was heard of. */
  newer(): readonly Holder[];
  /** @param changes who holds from now on what was held by somebody else, or under an older epoch */
  hear(from: string, message: Moved): { readonly answer: MovedAnswer; readonly changes: readonly Holder[] };
  /** Those that are peers still; what others said is forgotten. */
  keep(nodes: readonly string[]): void;
}

/** Of one node. More than any gateway holds; what is beyond is not remembered. */
const REMEMBERED_MAX = 4_000;

export function createListener(): Listener {
  let followed = new Map<string, Followed>();
  const said = new Map<string, Map<string, Holder>>();

  /** The plan's, if nobody was heard of with a newer epoch. */
  function holderOf({ ip, candidates, holder }: Followed): Holder | null {
    let newest = holder;
    for (const node of candidates) {
      const heard = said.get(node)?.get(ip);
      if (heard !== undefined && heard.epoch > (newest?.epoch ?? 0)) newest = heard;
    }
    return newest;
  }

  function note(from: string, [ip, epoch]: HeldEpoch): void {
    const bySender = said.get(from) ?? new Map<string, Holder>();
    said.set(from, bySender);
    const before = bySender.get(ip);
    if (before === undefined ? bySender.size < REMEMBERED_MAX : before.epoch < epoch) {
      bySender.set(ip, { ip, epoch, node: from });
    }
  }

  return {
    follow(next) {
      followed = new Map(next.map((address) => [address.ip, address]));
    },
    newer() {
      return [...followed.values()].flatMap((address) => {
        const holder = holderOf(address);
        return holder === null || holder === address.holder ? [] : [holder];
      });
    },
    hear(from, { upTo, held }) {
      const concerned = held.flatMap(([ip]) => followed.get(ip) ?? []);
      const before = concerned.map(holderOf);
      for (const address of held) note(from, address);
      const changes = concerned.map(holderOf).filter((holder, index) => holder !== before[index]);
      return { answer: { type: "moved-answer", upTo }, changes: changes.filter((holder) => holder !== null) };
    },
    keep(nodes) {
      const kept = new Set(nodes);
      for (const node of said.keys()) if (!kept.has(node)) said.delete(node);
    },
  };
}
