/**
 * The source addresses that the pods of a class have outside, by destination, and where two plans differ in them.
 * Destinations nest, so the addresses are cut into regions: a prefix without the longer ones inside it. Within one region
 * every address has the same fate in both plans.
 */
import { formatAddress, formatPrefix, lastAddress, type Prefix, parseCidr } from "../addresses.ts";
import type { Cidr, Intent } from "../intent.ts";
import type { Plan } from "../model.ts";
import type { PodClass } from "../nodestate.ts";
import { PrefixMap, PrefixSet, remainder } from "./regions.ts";

export interface Planned {
  readonly intent: Intent;
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
  /** All of one family. Each stands for its addresses that no longer one in either plan covers. */
  readonly destinations: readonly Cidr[];
  readonly family: 4 | 6;
}

interface Decision {
  readonly prefix: Prefix;
  readonly source: Source;
  readonly policy: string;
}

/** Of one plan. */
export interface Sources {
  readonly inCluster: PrefixSet;
  readonly floatingIPs: ReadonlySet<string>;
  /** Longest destination first, as in the class. */
  decisions(podClass: PodClass | undefined): readonly Decision[];
}

export function sourcesOf({ intent, plan }: Planned): Sources {
  const allocations = new Map(plan.allocations.map((allocation) => [allocation.id, allocation]));
  const declared = new Map(
    intent.policies.map(({ name, destinations }) => [name, new Set(destinations.map(({ value }) => value))]),
  );
  const policyOf = (key: string, cidr: Cidr) => key.split(",").find((name) => declared.get(name)?.has(cidr)) ?? "";
  return {
    inCluster: new PrefixSet((plan.nodes[0]?.noEgressCIDRs ?? []).flatMap((cidr) => parseCidr(cidr) ?? [])),
    floatingIPs: new Set(plan.allocations.map(({ ip }) => ip)),
    decisions: (podClass) =>
      (podClass?.rules ?? []).flatMap(({ cidr, id }) => {
        const prefix = parseCidr(cidr);
        if (podClass === undefined || prefix === undefined) return [];
        const allocation = allocations.get(id);
        const source = allocation === undefined || allocation.node === null ? null : allocation.ip;
        return [{ prefix, source, policy: policyOf(podClass.key, cidr) }];
      }),
  };
}

/** Of which in-cluster prefixes the two plans disagree. */
export function changedInCluster(before: Sources, after: Sources): PrefixSet {
  const only = (one: PrefixSet, other: PrefixSet) => one.sorted.filter((prefix) => !other.has(prefix));
  return new PrefixSet([...only(before.inCluster, after.inCluster), ...only(after.inCluster, before.inCluster)]);
}

/** Compares what two classes of two plans mean for a pod; memorise the comparer's answers, not this. */
export function sourceComparer(
  before: Sources,
  after: Sources,
): (was: PodClass | undefined, is: PodClass | undefined) => readonly SourceChange[] {
  const inCluster = changedInCluster(before, after);
  return (was, is) => {
    const earlier = before.decisions(was);
    const now = after.decisions(is);
    if (inCluster.sorted.length === 0 && sameDecisions(earlier, now)) return [];
    return changesBetween({ sources: before, decisions: earlier }, { sources: after, decisions: now }, inCluster);
  };
}

function sameDecisions(a: readonly Decision[], b: readonly Decision[]): boolean {
  return a.length === b.length && a.every((one, i) => sameDecision(one, b[i] as Decision));
}

function sameDecision({ prefix: a, source }: Decision, other: Decision): boolean {
  const b = other.prefix;
  const samePrefix =
    a.length === b.length && a.network.value === b.network.value && a.network.family === b.network.family;
  return samePrefix && source === other.source;
}

interface Side {
  readonly sources: Sources;
  readonly decisions: readonly Decision[];
}

function changesBetween(before: Side, after: Side, inCluster: PrefixSet): SourceChange[] {
  const decided = [...before.decisions, ...after.decisions].map(({ prefix }) => prefix);
  const regions = new Map([...decided, ...decided.flatMap((prefix) => inCluster.within(prefix))].map(byText));
  const decide = { before: decider(before), after: decider(after) };
  const found = new Map<string, SourceChange & { readonly destinations: Cidr[] }>();
  const inside = insideOf(before, after);
  for (const [cidr, prefix] of regions) {
    const was = decide.before(prefix);
    const is = decide.after(prefix);
    if (was.source === is.source || !hasOutside(prefix, inside(prefix), [before, after])) continue;
    const { family } = prefix.network;
    const policy = is.policy ?? was.policy ?? "";
    const key = `${was.source} ${is.source} ${policy} ${family}`;
    const change = found.get(key) ?? { before: was.source, after: is.source, policy, destinations: [], family };
    change.destinations.push(cidr);
    found.set(key, change);
  }
  return [...found.values()];
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

/** The longer prefixes that cut regions of their own out of this one. */
function insideOf(before: Side, after: Side): (prefix: Prefix) => Prefix[] {
  const decided = [...before.decisions, ...after.decisions].map(({ prefix }) => prefix);
  const sorted = new PrefixSet([...new Map(decided.map(byText)).values()]);
  return (prefix) =>
    [sorted, before.sources.inCluster, after.sources.inCluster]
      .flatMap((set) => set.within(prefix))
      .filter(({ length }) => length > prefix.length);
}

/** Traffic to floating IPs is not told: they answer nobody, and each new one would change the fate of its own address. */
function hasOutside(prefix: Prefix, inside: readonly Prefix[], sides: readonly Side[]): boolean {
  const isFloating = (ip: string) => sides.some(({ sources }) => sources.floatingIPs.has(ip));
  for (const part of remainder(prefix, inside)) if (!everyAddress(part, isFloating)) return true;
  return false;
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
