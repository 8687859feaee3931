/** When a node may ask for an address: a majority of witnesses says it is free, and those before it had their time. */
import type { DesiredAddress } from "./io.ts";
import type { HeartbeatAnswer } from "./messages.ts";
import type { Timing } from "./timing.ts";

export interface Candidacy {
  want(addresses: readonly DesiredAddress[]): void;
  wanted(ip: string): DesiredAddress | undefined;
  /** What the last answer of that witness said is free. */
  heard(witness: string, free: HeartbeatAnswer["free"], majority: number, now: number): void;
  /** It has just been let go, too. */
  heardMore(witness: string, free: HeartbeatAnswer["free"], majority: number, now: number): void;
  /** Another witness set: what was heard counts for nothing. */
  forget(): void;
  /** Some are free, and not proposed yet. */
  waits(): boolean;
  /** When the next turn comes, after `now`. */
  nextTurn(now: number): number;
  /** Those to propose now, at most `most`. */
  due(now: number, most: number): string[];
  /** It did not work: after a while again, each candidate after another while. */
  postpone(ip: string, now: number): void;
}

export function createCandidacy(node: string, timing: Timing): Candidacy {
  let wanted = new Map<string, DesiredAddress>();
  const heard = new Map<string, ReadonlyMap<string, string>>();
  /** Address → from when on this node may ask. */
  const askFrom = new Map<string, number>();
  const notBefore = new Map<string, number>();

  function rank(ip: string, silent: string): number {
    const order = (wanted.get(ip)?.candidates ?? []).filter((candidate) => candidate !== silent || candidate === node);
    return order.indexOf(node);
  }

  const turn = (ip: string) => Math.max(askFrom.get(ip) ?? 0, notBefore.get(ip) ?? 0);

  const countFree = (ip: string) => [...heard.values()].filter((free) => free.has(ip)).length;

  function consider(free: HeartbeatAnswer["free"], majority: number, now: number): void {
    for (const [ip, silent] of free) {
      if (askFrom.has(ip) || countFree(ip) < majority) continue;
      const place = rank(ip, silent);
      if (place >= 0) askFrom.set(ip, now + place * timing.candidateStepMs);
    }
  }

  return {
    want(addresses) {
      wanted = new Map(addresses.map((address) => [address.ip, address]));
      askFrom.clear();
    },
    wanted: (ip) => wanted.get(ip),
    heard(witness, free, majority, now) {
      heard.set(witness, new Map(free));
      for (const ip of [...askFrom.keys()]) if (countFree(ip) < majority) askFrom.delete(ip);
      consider(free, majority, now);
    },
    heardMore(witness, free, majority, now) {
      heard.set(witness, new Map([...(heard.get(witness) ?? []), ...free]));
      consider(free, majority, now);
    },
    forget() {
      heard.clear();
      askFrom.clear();
    },
    waits: () => askFrom.size > 0,
    nextTurn(now) {
      let next = Number.POSITIVE_INFINITY;
      for (const ip of askFrom.keys()) if (turn(ip) > now) next = Math.min(next, turn(ip));
      return next;
    },
    due(now, most) {
      const due: string[] = [];
      for (const ip of askFrom.keys()) {
        if (due.length === most) break;
        if (now >= turn(ip)) due.push(ip);
      }
      return due;
    },
    postpone(ip, now) {
      askFrom.delete(ip);
      notBefore.set(ip, now + (1 + Math.max(0, rank(ip, ""))) * timing.heartbeatMs);
    },
  };
}
