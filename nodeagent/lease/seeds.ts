/**
 * What the kernel still held open when the process started. It stays open on the lease of the process before, until the
 * register confirms it or somebody else has it; until then no heartbeat may prolong that lease.
 */
export interface Seeds {
  /** After this a majority's denial is final. */
  readonly until: number;
  all(): readonly string[];
  size(): number;
  has(ip: string): boolean;
  /** It is no longer a seed: claimed, or given up. */
  take(ip: string): void;
  drop(isUnwanted: (ip: string) => boolean): void;
}

export function createSeeds(ips: readonly string[], until: number): Seeds {
  const left = new Set(ips);
  return {
    until,
    all: () => [...left],
    size: () => left.size,
    has: (ip) => left.has(ip),
    take: (ip) => void left.delete(ip),
    drop(isUnwanted) {
      for (const ip of left) if (isUnwanted(ip)) left.delete(ip);
    },
  };
}
