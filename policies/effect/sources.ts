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
import type { EgressId, PodClass } from "../nodestate.ts";
import type { View } from "../view.ts";
import { PrefixMap, PrefixSet, remainder } from "./regions.ts";

/** A plan with what it was made of. */
export interface Planned {
  readonly intent: Intent;
  readonly view: View;
  readonly plan: Plan;
}

/** A floating IP; `node`: the address of the pod's node; null: dropped, because no node holds the floating IP. */
export type Source = string | null;
export const NODE_ADDRESS = "node";

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
  readonly byId: ReadonlyMap<EgressId, Source>;
  /** Longest destination first, as in the class. */
  decisions(podClass: PodClass | undefined): readonly Decision[];
}

function sourcesOf({ intent, plan }: Planned): Sources {
  const byId = new Map(plan.allocations.map(({ id, ip, node }) => [id, node === null ? null : ip]));
  const policies = new Map(intent.policies.map((policy) => [policy.name, policy]));
  const names = (policy: string, cidr: Cidr) => policies.get(policy)?.destinations.some(({ value }) => value === cidr);
  const policyOf = (key: string, cidr: Cidr) => key.split(",").find((policy) => names(policy, cidr)) ?? "";
  return {
    inCluster: new PrefixSet(parseCidrs(plan.nodes[0]?.noEgressCIDRs ?? [])),
    floatingIPs: new Set(plan.allocations.map(({ ip }) => ip)),
    byId,
    decisions: (podClass) =>
      (podClass?.rules ?? []).flatMap(({ cidr, id }) => {
        const prefix = parseCidr(cidr);
        if (podClass === undefined || prefix === undefined) return [];
        return [{ prefix, source: byId.get(id) ?? null, policy: policyOf(podClass.key, cidr) }];
      }),
  };
}

/** Compares what two classes of two plans mean for a pod; memorise the answers, not this. */
export function sourceComparer(
  planBefore: Planned,
  planAfter: Planned,
): (was: PodClass | undefined, is: PodClass | undefined) => readonly SourceChange[] {
  const before = sourcesOf(planBefore);
  const after = sourcesOf(planAfter);
  const inCluster = changedInCluster(before, after);
  return (was, is) => {
    if (inCluster.sorted.length === 0 && sameSources(was?.rules ?? [], before, is?.rules ?? [], after)) return [];
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
function sameSources(was: PodClass["rules"], before: Sources, is: PodClass["rules"], after: Sources): boolean {
  return (
    was.length === is.length &&
    was.every(({ cidr, id }, i) => {
      const rule = is[i] as PodClass["rules"][number];
      return cidr === rule.cidr && before.byId.get(id) === after.byId.get(rule.id);
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
