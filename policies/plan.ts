/**
 * From what is declared and what is there to who does what. Pure: no I/O, no clock, no randomness, and the order of the
 * input does not matter. The steps: which addresses are usable, which policies take effect, where each address goes,
 * which pods each policy selects, and from that one state for each node.
 */
import { allocate, type FloatingIP, rebalance } from "./allocation.ts";
import { candidatesOf } from "./candidates.ts";
import { addressChanges, policyChanges } from "./changes.ts";
import { effectivePolicies, planSelection } from "./classes.ts";
import type { Intent, IpAddress } from "./intent.ts";
import type { Allocation, Holders, Plan, PolicyOutcome, Previous, PreviousPolicy } from "./model.ts";
import type { NodeState } from "./nodestate.ts";
import { nodeStateBuilder } from "./nodestates.ts";
import { groupOutcomes, policyOutcome, type Whereabouts } from "./outcomes.ts";
import { Planning } from "./planning.ts";
import { namespaceLabels, PodRegister } from "./pods.ts";
import { type Admission, admitPolicies } from "./rules/admission.ts";
import { clusterFindings, shadowFinding } from "./rules/findings.ts";
import { findUsableIPs, type UsableIPs } from "./rules/floatingips.ts";
import { conflictWithNode, whyNowhere } from "./rules/placement.ts";
import { indexSources } from "./selection.ts";
import { type Site, type Sites, surveySites } from "./sites.ts";
import { compareText, qualifiedName } from "./text.ts";
import type { View } from "./view.ts";

export type * from "./model.ts";
export { nothingBefore } from "./model.ts";

/** Expects an intent without syntax errors; never throws because of what it or the view says. */
export function plan(intent: Intent, view: View, previous: Previous): Plan {
  return startPlanning(intent, view, previous).plan;
}

/** As `plan`, for a plan that is to follow the pods. */
export function startPlanning(intent: Intent, view: View, previous: Previous): Planning {
  const sites = surveySites(view.nodes, intent.cluster);
  const ips = findUsableIPs(intent, sites, previous);
  const admissions = admitPolicies(intent, ips, previous);
  const allocations = allocateIPs(ips, sites, previous, intent.cluster.rebalance);
  const whereabouts = whereaboutsOf(ips, allocations, sites);
  const effective = effectivePolicies(admissions, ips.ids.byIP);
  const buildState = nodeStateBuilder({ cluster: intent.cluster, sites, allocations, effective });
  const policies = [...admissions.values()].map((admission) => policyOutcome(admission, whereabouts));
  return new Planning({
    withoutPods: {
      allocations,
      candidates: candidatesOf(allocations, sites),
      policies,
      groups: groupOutcomes(intent.groups, whereabouts, sites),
      nodes: sites.all.flatMap((site) => buildState(site, []) ?? []),
      changes: [...addressChanges(allocations, previous, whereabouts, sites), ...policyChanges(policies, previous)],
      findings: clusterFindings(intent, sites, whereabouts, admissions),
      next: {
        allocations,
        holders: nextHolders(allocations, previous, sites),
        lastId: ips.ids.lastId,
        rebalance: intent.cluster.rebalance,
        policies: rememberPolicies(intent, policies),
        takeOvers: ofKeys(
          previous.takeOvers,
          allocations.map(({ ip }) => ip),
        ),
        witnesses: previous.witnesses,
        agents: ofKeys(
          previous.agents,
          sites.all.map(({ name }) => name),
        ),
      },
    },
    pods: view.pods,
    register: new PodRegister({
      labelsOf: namespaceLabels(view.namespaces),
      select: indexSources(intent.policies, (selected) => planSelection(selected, effective)),
    }),
    buildState: (node, pods) => buildState(sites.byName.get(node) as Site, pods) as NodeState,
    shadowFinding: (outcome) => shadowFinding(outcome, (admissions.get(outcome.name) as Admission).policy),
  });
}

function allocateIPs({ usable, ids }: UsableIPs, sites: Sites, previous: Previous, asked: string): Allocation[] {
  const free = usable.filter(({ ip }) => conflictWithNode(ip, sites) === undefined);
  const before = new Map(previous.allocations.map(({ ip, node }) => [ip, node]));
  const sticky = allocate(free, sites, before);
  const nodes = asked !== "" && asked !== previous.rebalance ? rebalance(free, sites, sticky) : sticky;
  return usable.map(({ ip }) => ({ ip, id: ids.byIP.get(ip) as number, node: nodes.get(ip) ?? null }));
}

function whereaboutsOf(ips: UsableIPs, allocations: readonly Allocation[], sites: Sites): Whereabouts {
  const usable = new Map<IpAddress, FloatingIP>(ips.usable.map((floatingIP) => [floatingIP.ip, floatingIP]));
  const nodes = new Map(allocations.map(({ ip, node }) => [ip, node]));
  const problem: Whereabouts["problem"] = (ip) => {
    const floatingIP = usable.get(ip);
    if (floatingIP === undefined) return ips.refusal(ip);
    return nodes.get(ip) === null ? whyNowhere(floatingIP, sites) : undefined;
  };
  return { nodes, problem };
}

/** Everyone who may hold an address stays listed until a report says otherwise, or the node has left the cluster. */
function nextHolders(allocations: readonly Allocation[], previous: Previous, sites: Sites): Holders[] {
  const before = new Map(previous.holders.map((holders) => [holders.ip, holders]));
  const targets = new Map(allocations.map((allocation) => [allocation.ip, allocation]));
  const holders: Holders[] = [];
  for (const ip of new Set([...targets.keys(), ...before.keys()])) {
    const target = targets.get(ip);
    const earlier = before.get(ip);
    const nodes = new Set(earlier?.nodes.filter((node) => sites.byName.has(node)));
    if (target?.node != null) nodes.add(target.node);
    const id = target?.id ?? earlier?.id;
    if (nodes.size === 0 || id === undefined) continue;
    holders.push({ ip, id, nodes: [...nodes].sort(compareText) });
  }
  return holders.sort((a, b) => compareText(a.ip, b.ip));
}

function ofKeys<T>(record: Readonly<Record<string, T>>, keys: readonly string[]): Record<string, T> {
  return Object.fromEntries(
    keys.flatMap((key) => (Object.hasOwn(record, key) ? [[key, record[key] as T] as const] : [])),
  );
}

function rememberPolicies(intent: Intent, outcomes: readonly PolicyOutcome[]): Record<string, PreviousPolicy> {
  const groups = new Map(intent.policies.map(({ name, gatewayRef }) => [name, qualifiedName(gatewayRef.value)]));
  return Object.fromEntries(
    outcomes.map(({ name, state, ip }) => [name, { group: groups.get(name) ?? "", state, ip }]),
  );
}
