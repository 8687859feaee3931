/**
 * Floating IPs that nobody holds, as far as the reconciler can know. Not a lease: who is wrong here lets a policy's traffic
 * leave with the node's address although a gateway works, but only a policy that asks for that rather than for silence.
 */
import type { IpAddress } from "../intent.ts";
import type { Plan, Previous } from "../model.ts";
import type { Progress } from "../progress.ts";
import type { View } from "../view.ts";

/** Take-overs end within a second, planned moves within a few. */
export const LOST_AFTER_MS = 10_000;

/** A node that parked its addresses holds them while its agent is replaced, at most so long (docs/lease.md, rule 6). */
export const SILENT_MAY_HOLD_MS = 62_000;

/** What is remembered from one look to the next; times in ms. */
export interface Watch {
  /** Nodes without a connected agent. */
  readonly silentSince: ReadonlyMap<string, number>;
  /** Addresses that no node can be holding. */
  readonly unheldSince: ReadonlyMap<IpAddress, number>;
}

export const NOTHING_WATCHED: Watch = { silentSince: new Map(), unheldSince: new Map() };

export interface Sight {
  /** The last one: what nodes may be doing now. */
  readonly plan: Plan;
  readonly nodes: View["nodes"];
  readonly progress: Progress;
  /** Nodes whose agent is connected. */
  readonly connected: ReadonlySet<string>;
  readonly nowMs: number;
}

/** A reconciler that hears nobody, as when it has just started or is cut off itself, knows nothing and begins anew. */
export function watchHolders(before: Watch, sight: Sight): Watch {
  const { plan, nodes, connected, nowMs } = sight;
  if (connected.size === 0) return NOTHING_WATCHED;
  const silent = nodes.filter(({ name }) => !connected.has(name));
  const silentSince = new Map(silent.map(({ name }) => [name, before.silentSince.get(name) ?? nowMs]));
  const readyNodes = new Set(nodes.filter(({ ready }) => ready).map(({ name }) => name));
  const mayHoldInSilence = (node: string): boolean => {
    const since = silentSince.get(node);
    return since !== undefined && readyNodes.has(node) && nowMs - since < SILENT_MAY_HOLD_MS;
  };
  const held = heldAddresses(sight);
  const possible = possibleHolders(plan);
  const unheld = plan.allocations.filter(
    ({ ip, node }) => node !== null && !held.has(ip) && !possible(ip).some(mayHoldInSilence),
  );
  return { silentSince, unheldSince: new Map(unheld.map(({ ip }) => [ip, before.unheldSince.get(ip) ?? nowMs])) };
}

/**
 * What is lost stays so until a node is seen to hold it: not even a reconciler that starts anew takes it back.
 *
 * @returns the same object when nothing changes
 */
export function withLost(previous: Previous, { unheldSince }: Watch, sight: Sight): Previous {
  const held = heldAddresses(sight);
  const isLost = (ip: IpAddress): boolean => {
    const since = unheldSince.get(ip);
    if (since !== undefined && sight.nowMs - since >= LOST_AFTER_MS) return true;
    return previous.lost.includes(ip) && !held.has(ip);
  };
  const lost = previous.allocations.flatMap(({ ip }) => (isLost(ip) ? [ip] : []));
  const same = lost.length === previous.lost.length && lost.every((ip, i) => ip === previous.lost[i]);
  return same ? previous : { ...previous, lost };
}

/** When the passing of time alone changes what is known next; undefined: never. */
export function nextLossMs({ silentSince, unheldSince }: Watch, nowMs: number): number | undefined {
  const times = [
    ...[...unheldSince.values()].map((since) => since + LOST_AFTER_MS),
    ...[...silentSince.values()].map((since) => since + SILENT_MAY_HOLD_MS),
  ].filter((time) => time > nowMs);
  return times.length === 0 ? undefined : Math.min(...times);
}

function heldAddresses({ progress, connected }: Sight): Set<IpAddress> {
  const held = [...progress].flatMap(([node, { report }]) => (connected.has(node) ? (report.lease?.held ?? []) : []));
  return new Set(held.map(({ ip }) => ip));
}

function possibleHolders({ candidates, next }: Plan): (ip: IpAddress) => readonly string[] {
  const holders = new Map(next.holders.map(({ ip, nodes }) => [ip, nodes]));
  return (ip) => [...(candidates.get(ip) ?? []), ...(holders.get(ip) ?? [])];
}
