/**
 * The addresses a node has claimed, each on its way through `claimed` (chosen, not yet covered by an acknowledged
 * heartbeat) → `entering` (into the kernel's `mine`) → `leaving` (out of it, then out of the claims).
 */
import type { Proof } from "./io.ts";
import type { Claim } from "./messages.ts";
import type { Mine } from "./mine.ts";
import type { Rules } from "./rules.ts";

interface Held {
  readonly epoch: number;
  readonly proof: Proof;
  readonly phase: "claimed" | "entering" | "leaving";
}

export interface Addresses {
  /** Grows with every change. */
  revision(): number;
  /** Grows when the claims change. */
  claimsRevision(): number;
  has(ip: string): boolean;
  epochOf(ip: string): number | undefined;
  each(): Iterable<readonly [ip: string, held: Held]>;
  /** @param inKernel it is in `mine` already: the successor of a process that held it */
  chosen(ip: string, epoch: number, proof: Proof, inKernel: boolean): void;
  leave(ip: string): void;
  /** Back to where its claim has to be acknowledged first. */
  reclaim(ip: string): void;
  /** A heartbeat with these claims was acknowledged by a majority, and the kernel refreshed. */
  covered(claims: ReadonlyMap<string, number>): void;
  /** Leaving ones that the kernel has let go. */
  settle(mine: Mine): void;
  wanted(): Set<string>;
  claims(): Claim[];
  /** Those inside that nobody has been told of; they count as told now. */
  toAnnounce(mine: Mine): string[];
}

export function createAddresses(rules: Rules): Addresses {
  const held = new Map<string, Held>();
  const unannounced = new Set<string>();
  let revision = 0;
  let claimsRevision = 0;

  const update = (ip: string, changes: Partial<Held>): void => {
    const before = held.get(ip);
    if (before === undefined) return;
    held.set(ip, { ...before, ...changes });
    revision += 1;
  };

  return {
    revision: () => revision,
    claimsRevision: () => claimsRevision,
    has: (ip) => held.has(ip),
    epochOf: (ip) => held.get(ip)?.epoch,
    each: () => held,
    chosen(ip, epoch, proof, inKernel) {
      const phase = inKernel || rules.mayEnter(false) ? "entering" : "claimed";
      held.set(ip, { epoch, proof, phase });
      unannounced.add(ip);
      revision += 1;
      claimsRevision += 1;
    },
    leave: (ip) => update(ip, { phase: "leaving" }),
    reclaim(ip) {
      if (held.get(ip)?.phase !== "entering") return;
      update(ip, { phase: "claimed" });
      unannounced.add(ip);
    },
    covered(claims) {
      for (const [ip, epoch] of claims) {
        const now = held.get(ip);
        if (now?.epoch === epoch && now.phase === "claimed") update(ip, { phase: "entering" });
      }
    },
    settle(mine) {
      for (const [ip, { phase }] of held) {
        if (phase !== "leaving" || !rules.mayDropClaim(mine.contains(ip), mine.mayContain(ip))) continue;
        held.delete(ip);
        unannounced.delete(ip);
        claimsRevision += 1;
      }
    },
    wanted() {
      return new Set([...held].filter(([, { phase }]) => phase === "entering").map(([ip]) => ip));
    },
    claims: () => [...held].map(([ip, { epoch }]) => [ip, epoch] as const),
    toAnnounce(mine) {
      const fresh = [...unannounced].filter((ip) => held.get(ip)?.phase === "entering" && mine.contains(ip));
      for (const ip of fresh) unannounced.delete(ip);
      return fresh;
    },
  };
}
