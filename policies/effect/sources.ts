/**
 * The source addresses that the pods of a class have outside, by destination, and where two plans differ in them.
 * Destinations nest, so the addresses are cut into regions: a prefix without the longer ones inside it. Within one region
 * every address has the same fate in both plans.
 */
import {
  formatAddress,
  formatPrefix,
  lastAddress,
  mergePrefixes,
  type Prefix,
  parseCidr,
  parseCidrs,
} from "../addresses.ts";
import type { Cidr, Intent } from "../intent.ts";
import type { Plan } from "../model.ts";
import type { ClassRule, PodClass } from "../nodestate.ts";
import type { View } from "../view.ts";
import { holdersById } from "./holders.ts";
import { PrefixMap, PrefixSet, remainder } from "./regions.ts";

/** A plan with what it was made of. */
export interface Planned {
  readonly intent: Intent;
  readonly view: View;
  readonly plan: Plan;
}

/** A floating IP; `node`: the address of the pod's node; null: dropped, because nobody can give it the floating IP. */
export type Source = string | null;
export const NODE_ADDRESS = "node";

/** What a pod's node knows of its class. */
export interface KnownClass {
  /** Undefined: not selected, or not known there. */
  readonly podClass: PodClass | undefined;
  /** False: its packets are not translated, so what is selected is dropped. */
  readonly translates: boolean;
}

export interface SourceChange {
  readonly before: Source;
  readonly after: Source;
  /** The policy that decides afterwards, or else the one that did before. */
  readonly policy: string;
  /**
   * All of one family, merged. One that other policies or the cluster take much out of is not cut up: it stands for the
   * rest of its addresses.
   */
  readonly destinations: readonly Cidr[];
  readonly family: 4 | 6;
}

interface Decision {
  readonly prefix: Prefix;
  readonly source: Source;
  readonly policy: string;
}

/** Of one plan. */
interface Sources {
  readonly inCluster: PrefixSet;
  readonly floatingIPs: ReadonlySet<string>;
  sourceOf(rule: ClassRule, known: KnownClass): Source;
  /** Longest destination first, as in the class. */
  decisions(known: KnownClass): readonly Decision[];
}

function sourcesOf({ plan }: Planned): Sources {
  const holders = holdersById(plan);
  const byId = new Map(plan.allocations.map(({ id, ip }) => [id, holders.get(id) === null ? null : ip]));
  const sourceOf: Sources["sourceOf"] = ({ id, nodeIP }, known) => {
    if (nodeIP) return NODE_ADDRESS;
    return known.translates ? (byId.get(id) ?? null) : null;
  };
  return {
    inCluster: new PrefixSet(parseCidrs(plan.nodes[0]?.noEgressCIDRs ?? [])),
    floatingIPs: new Set(plan.allocations.map(({ ip }) => ip)),
    sourceOf,
    decisions: (known) =>
      (known.podClass?.rules ?? []).flatMap((rule) => {
        const prefix = parseCidr(rule.cidr);
        return prefix === undefined ? [] : [{ prefix, source: sourceOf(rule, known), policy: rule.policy }];
      }),
  };
}

/** Compares what two classes of two plans mean for a pod; memorise the answers, not this. */
export function sourceComparer(
  planBefore: Planned,
  planAfter: Planned,
): (was: KnownClass, is: KnownClass) => readonly SourceChange[] {
  const before = sourcesOf(planBefore);
  const after = sourcesOf(planAfter);
  const inCluster = changedInCluster(before, after);
  return (was, is) => {
    if (inCluster.sorted.length === 0 && sameSources(was, before, is, after)) return [];
    const [earlier, now] = [before.decisions(was), after.decisions(is)];
    return changesBetween({ sources: before, decisions: earlier }, { sources: after, decisions: now }, inCluster);
  };
}

/** Of which in-cluster prefixes the two plans disagree. */
function changedInCluster(before: Sources, after: Sources): PrefixSet {
  const only = (one: PrefixSet, other: PrefixSet) => one.sorted.filter((prefix) => !other.has(prefix));
  return new PrefixSet([...only(before.inCluster, after.inCluster), ...only(after.inCluster, before.inCluster)]);
}

/** Most classes mean what they meant; to see that, nothing needs to be parsed. */
function sameSources(was: KnownClass, before: Sources, is: KnownClass, after: Sources): boolean {
  const [former, present] = [was.podClass?.rules ?? [], is.podClass?.rules ?? []];
  return (
    former.length === present.length &&
    former.every((rule, i) => {
      const other = present[i] as ClassRule;
      return rule.cidr === other.cidr && before.sourceOf(rule, was) === after.sourceOf(other, is);
    })
  );
}

interface Side {
  readonly sources: Sources;
  readonly decisions: readonly Decision[];
}

function changesBetween(before: Side, after: Side, inCluster: PrefixSet): SourceChange[] {
  const decided = [...before.decisions, ...after.decisions].map(({ prefix }) => prefix);
  const regions = new Map([...decided, ...decided.flatMap((prefix) => inCluster.within(prefix))].map(byText));
  const decide = { before: decider(before), after: decider(after) };
  const partsOf = partFinder(before, after);
  const found = new Map<string, Omit<SourceChange, "destinations"> & { readonly parts: Prefix[] }>();
  for (const prefix of regions.values()) {
    const was = decide.before(prefix);
    const is = decide.after(prefix);
    const parts = was.source === is.source ? [] : partsOf(prefix);
    if (parts.length === 0) continue;
    const { family } = prefix.network;
    const policy = is.policy ?? was.policy ?? "";
    const key = `${was.source} ${is.source} ${policy} ${family}`;
    const change = found.get(key) ?? { before: was.source, after: is.source, policy, family, parts: [] };
    change.parts.push(...parts);
    found.set(key, change);
  }
  return [...found.values()].map(({ parts, ...change }) => {
    return { ...change, destinations: mergePrefixes(parts).map(formatPrefix) };
  });
}

function byText(prefix: Prefix): [string, Prefix] {
  return [formatPrefix(prefix), prefix];
}

type Decide = (prefix: Prefix) => { readonly source: Source; readonly policy: string | null };

function decider({ sources: { inCluster }, decisions }: Side): Decide {
  const map = new PrefixMap(decisions.map((decision) => [decision.prefix, decision]));
  const untouched = { source: NODE_ADDRESS, policy: null };
  return (prefix) => (inCluster.covers(prefix) ? untouched : (map.longest(prefix) ?? untouched));
}

/** A region in more parts than this is told as a whole. */
const MOST_PARTS = 2;

/**
 * What is left of a prefix without the longer ones that are regions of their own. Traffic to floating IPs is not told:
 * they answer nobody, and each new one would change the fate of its own address.
 */
function partFinder(before: Side, after: Side): (prefix: Prefix) => Prefix[] {
  const decided = [...before.decisions, ...after.decisions].map(({ prefix }) => prefix);
  const sets = [
    new PrefixSet([...new Map(decided.map(byText)).values()]),
    before.sources.inCluster,
    after.sources.inCluster,
  ];
  const isFloating = (ip: string) => before.sources.floatingIPs.has(ip) || after.sources.floatingIPs.has(ip);
  return (prefix) => {
    const inside = sets.flatMap((set) => set.within(prefix)).filter(({ length }) => length > prefix.length);
    const parts: Prefix[] = [];
    for (const part of remainder(prefix, inside)) {
      if (everyAddress(part, isFloating)) continue;
      parts.push(part);
      if (parts.length > MOST_PARTS) return [prefix];
    }
    return parts;
  };
}

/** Larger parts than this are not made of floating IPs alone. */
const MOST_ADDRESSES = 256n;

function everyAddress(part: Prefix, is: (ip: string) => boolean): boolean {
  const last = lastAddress(part).value;
  if (last - part.network.value >= MOST_ADDRESSES) return false;
  for (let value = part.network.value; value <= last; value++) {
    if (!is(formatAddress({ family: part.network.family, value }))) return false;
  }
  return true;
}
