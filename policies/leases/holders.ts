/** Who holds which address, and who the nodes are, by what they report, and what the plan makes of it. */
import type { IpAddress } from "../intent.ts";
import type { AgentIdentity, Allocation, Previous, TakeOver } from "../model.ts";
import type { Progress } from "../progress.ts";

/** Of two nodes that report an address, the one with the newer take-over is right. */
export function holdersOf(progress: Progress): Map<IpAddress, TakeOver> {
  const holders = new Map<IpAddress, TakeOver>();
  for (const [node, { report }] of progress) {
    for (const { ip, epoch } of report.lease?.held ?? []) {
      if (epoch > (holders.get(ip)?.epoch ?? 0)) holders.set(ip, { node, epoch });
    }
  }
  return holders;
}

/**
 * An address whose last holder has not reported yet is where it was last seen: a reconciler that has just started must not
 * make the others forget their gateway.
 */
export function lastKnownHolder(ip: IpAddress, { takeOvers }: Previous, progress: Progress): TakeOver | undefined {
  const remembered = takeOvers[ip];
  return remembered === undefined || progress.has(remembered.node) ? undefined : remembered;
}

/**
 * Nodes decide by themselves who takes over when a holder is lost, and a later plan leaves the address where they have
 * put it. Only a take-over that the allocation does not know of counts: the one it knows is where a planned move begins.
 *
 * @returns the same object when there is nothing to adopt
 */
export function adopt(previous: Previous, progress: Progress): Previous {
  const holders = holdersOf(progress);
  const takeOvers: Record<IpAddress, TakeOver> = {};
  const allocations = previous.allocations.map((allocation): Allocation => {
    const holder = holders.get(allocation.ip);
    if (holder === undefined || holder.epoch <= (previous.takeOvers[allocation.ip]?.epoch ?? 0)) return allocation;
    takeOvers[allocation.ip] = holder;
    return holder.node === allocation.node ? allocation : { ...allocation, node: holder.node };
  });
  const witnesses = newestWitnesses(previous, progress);
  const agents = reportedAgents(previous, progress);
  const isNews = Object.keys(takeOvers).length > 0 || Object.keys(agents).length > 0;
  if (!isNews && witnesses === previous.witnesses) return previous;
  return {
    ...previous,
    allocations,
    takeOvers: { ...previous.takeOvers, ...takeOvers },
    witnesses,
    agents: { ...previous.agents, ...agents },
  };
}

/** Those that are new, or not who they were. */
function reportedAgents({ agents }: Previous, progress: Progress): Record<string, AgentIdentity> {
  const changed: Record<string, AgentIdentity> = {};
  for (const [node, { report }] of progress) {
    if (report.identity === null) continue;
    const { publicKey, underlayMac } = report.identity;
    const known = agents[node];
    if (known?.publicKey === publicKey && known.underlayMac === underlayMac) continue;
    changed[node] = { publicKey, underlayMac };
  }
  return changed;
}

function newestWitnesses({ witnesses }: Previous, progress: Progress): Previous["witnesses"] {
  let newest = witnesses;
  for (const { report } of progress.values()) {
    if ((report.lease?.witnesses.version ?? 0) > newest.version) newest = report.lease?.witnesses ?? newest;
  }
  return newest;
}
