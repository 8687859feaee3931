/** Who holds which address, by what the nodes report, and what the plan makes of it. */
import type { IpAddress } from "../intent.ts";
import type { Allocation, Previous } from "../model.ts";
import type { Progress } from "../progress.ts";

export interface LeaseHolder {
  readonly node: string;
  /** Grows with every take-over of the address: of two nodes that report it, the one with the larger is right. */
  readonly epoch: number;
}

export function holdersOf(progress: Progress): Map<IpAddress, LeaseHolder> {
  const holders = new Map<IpAddress, LeaseHolder>();
  for (const [node, { report }] of progress) {
    for (const { ip, epoch } of report.lease?.held ?? []) {
      if (epoch > (holders.get(ip)?.epoch ?? 0)) holders.set(ip, { node, epoch });
    }
  }
  return holders;
}

/**
 * Nodes decide by themselves who takes over when a holder is lost, and a later plan leaves the address where they have
 * put it. Only a take-over that the allocation does not know of counts: the one it knows is where a planned move begins.
 *
 * @returns the same object when there is nothing to adopt
 */
export function adopt(previous: Previous, progress: Progress): Previous {
  const holders = holdersOf(progress);
  const epochs: Record<IpAddress, number> = {};
  const allocations = previous.allocations.map((allocation): Allocation => {
    const holder = holders.get(allocation.ip);
    if (holder === undefined || holder.epoch <= (previous.epochs[allocation.ip] ?? 0)) return allocation;
    epochs[allocation.ip] = holder.epoch;
    return holder.node === allocation.node ? allocation : { ...allocation, node: holder.node };
  });
  const witnesses = newestWitnesses(previous, progress);
  if (Object.keys(epochs).length === 0 && witnesses === previous.witnesses) return previous;
  return { ...previous, allocations, epochs: { ...previous.epochs, ...epochs }, witnesses };
}

function newestWitnesses({ witnesses }: Previous, progress: Progress): Previous["witnesses"] {
  let newest = witnesses;
  for (const { report } of progress.values()) {
    if ((report.lease?.witnesses.version ?? 0) > newest.version) newest = report.lease?.witnesses ?? newest;
  }
  return newest;
}
