/**
 * Precedence between the policies that select one pod: the longest destination prefix wins, and a tie goes to the name
 * that sorts first. Who loses is told by whom and for what, since a policy without effect looks like one that works.
 */
import { comparePrefixes, contains, formatPrefix, type Prefix } from "./addresses.ts";

export interface Contender {
  readonly name: string;
  readonly destinations: readonly Prefix[];
}

export interface Decision<C extends Contender> {
  readonly prefix: Prefix;
  readonly winner: C;
}

/** `loser` names destinations that cover `prefix`, but `winner` decides them. */
export interface Loss {
  readonly loser: string;
  readonly winner: string;
  readonly prefix: Prefix;
}

interface Claim<C extends Contender> {
  readonly prefix: Prefix;
  /** Sorted by name. */
  readonly by: readonly [C, ...C[]];
}

/** One decision for each distinct prefix, longest prefix first, then by address. */
export function decide<C extends Contender>(sortedByName: readonly C[]): Decision<C>[] {
  return claimsOf(sortedByName)
    .map(({ prefix, by: [winner] }) => ({ prefix, winner }))
    .sort((a, b) => b.prefix.length - a.prefix.length || comparePrefixes(a.prefix, b.prefix));
}

/** Only the widest prefix that a loser loses to one winner: what lies within is lost with it. */
export function losses(sortedByName: readonly Contender[]): Loss[] {
  const found: Loss[] = [];
  const enclosing: Claim<Contender>[] = [];
  for (const claim of claimsOf(sortedByName)) {
    while (enclosing.length > 0 && !contains((enclosing.at(-1) as Claim<Contender>).prefix, claim.prefix.network)) {
      enclosing.pop();
    }
    enclosing.push(claim);
    const winner = claim.by[0].name;
    for (const loser of losersTo(winner, enclosing)) found.push({ loser, winner, prefix: claim.prefix });
  }
  return found;
}

/** Claims from the widest to the one in question; whoever already lost a wider one to this winner is left out. */
function losersTo(winner: string, chain: readonly Claim<Contender>[]): Set<string> {
  const losers = new Set<string>();
  const told = new Set<string>();
  for (const [i, { by }] of chain.entries()) {
    for (const { name } of by) if (name !== winner && !told.has(name)) losers.add(name);
    if (by[0].name !== winner || i === chain.length - 1) continue;
    for (const name of losers) told.add(name);
    losers.clear();
  }
  return losers;
}

/** Distinct prefixes, each right before those it contains. */
function claimsOf<C extends Contender>(sortedByName: readonly C[]): Claim<C>[] {
  const claims = new Map<string, { prefix: Prefix; by: [C, ...C[]] }>();
  for (const contender of sortedByName) {
    for (const prefix of contender.destinations) {
      const text = formatPrefix(prefix);
      const claim = claims.get(text);
      if (claim === undefined) claims.set(text, { prefix, by: [contender] });
      else if (claim.by.at(-1) !== contender) claim.by.push(contender);
    }
  }
  return [...claims.values()].sort((a, b) => comparePrefixes(a.prefix, b.prefix));
}
