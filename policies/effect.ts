/** What changes for traffic when one plan follows another: told before it happens, so that a reviewer can object. */
import { contains, type Prefix, parseCidr } from "./addresses.ts";
import type { Plan, PolicyOutcome } from "./model.ts";
import type { NodePod, NodeState } from "./nodestate.ts";
import { byName, compareText } from "./text.ts";

export interface Effect {
  readonly floatingIPs: readonly { ip: string; from: string | null; to: string | null; reason: string }[];
  /** `before` and `after` are policy states; null: the policy does not exist. */
  readonly policies: readonly { name: string; before: string | null; after: string | null; reason: string }[];
  readonly pods: readonly PodEffect[];
  /** Pods that lose connections they may have: a plan does not know how many each has. */
  readonly connectionsCut: number;
  /** Nodes whose state changes, by name. */
  readonly nodes: readonly string[];
  readonly unchanged: { floatingIPs: number; policies: number; pods: number; nodes: number };
}

/** One pod's traffic to some destinations, by the source address seen outside; null: dropped while the policy is held. */
interface PodEffect {
  readonly namespace: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
  /** The policy that decides afterwards, or else the one that did before. */
  readonly policy: string;
  readonly destinations: readonly string[];
}

/** `after` must have been planned with `before.next` as its previous plan; its changes give the reasons. */
export function effect(before: Plan, after: Plan): Effect {
  const pods = podEffects(before, after);
  const nodes = changedNodes(before.nodes, after.nodes);
  const floatingIPs = after.changes
    .filter(({ kind }) => kind === "assign" || kind === "move" || kind === "release" || kind === "hold")
    .map(({ subject: ip, from, to, reason }) => ({ ip, from, to, reason }));
  const policies = policyEffects(before, after);
  const allPods = after.nodes.reduce((sum, state) => sum + state.pods.length, 0);
  const changedPods = new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`)).size;
  const moved = new Set(floatingIPs.map(({ ip }) => ip));
  const changed = new Set(policies.map(({ name }) => name));
  const reprogrammed = new Set(nodes);
  return {
    floatingIPs,
    policies,
    pods,
    connectionsCut: countCut(pods, before),
    nodes,
    unchanged: {
      floatingIPs: after.allocations.filter(({ ip }) => !moved.has(ip)).length,
      policies: after.policies.filter(({ name }) => !changed.has(name)).length,
      pods: allPods - changedPods,
      nodes: after.nodes.filter(({ node }) => !reprogrammed.has(node)).length,
    },
  };
}

function policyEffects(before: Plan, after: Plan): Effect["policies"] {
  const earlier = new Map(before.policies.map((outcome) => [outcome.name, outcome]));
  const reasons = new Map(after.changes.map(({ subject, reason }) => [subject, reason]));
  const now = new Set(after.policies.map(({ name }) => name));
  const gone = before.policies.filter(({ name }) => !now.has(name));
  const changed = after.policies.filter((outcome) => !sameOutcome(earlier.get(outcome.name), outcome));
  return [
    ...changed.map(({ name, state, shadowed }) => ({
      name,
      before: earlier.get(name)?.state ?? null,
      after: state,
      reason: reasons.get(name) ?? shadowReason(name, shadowed),
    })),
    ...gone.map(({ name, state }) => ({ name, before: state, after: null, reason: reasons.get(name) ?? "" })),
  ].sort(byName);
}

function sameOutcome(a: PolicyOutcome | undefined, b: PolicyOutcome): boolean {
  const shadows = (outcome: PolicyOutcome) => outcome.shadowed.map(({ by, cidr }) => `${by} ${cidr}`).join();
  return a !== undefined && a.state === b.state && a.ip === b.ip && shadows(a) === shadows(b);
}

function shadowReason(name: string, shadowed: PolicyOutcome["shadowed"]): string {
  if (shadowed.length === 0) return `policy ${name} is no longer shadowed`;
  return `policy ${name} is shadowed: ${shadowed.map(({ by, cidr }) => `${cidr} by ${by}`).join(", ")}`;
}

function changedNodes(before: readonly NodeState[], after: readonly NodeState[]): string[] {
  const earlier = new Map(before.map((state) => [state.node, state]));
  const same = stateComparer();
  const changed = after.filter((state) => {
    const was = earlier.get(state.node);
    return was === undefined || !same(was, state);
  });
  const now = new Set(after.map(({ node }) => node));
  const gone = before.filter(({ node }) => !now.has(node));
  return [...changed, ...gone].map(({ node }) => node).sort(compareText);
}

/** The long lists are one object on all nodes of a plan, so each pair of them is compared once. */
function stateComparer(): (a: NodeState, b: NodeState) => boolean {
  const compared = new Map<readonly string[], { readonly to: readonly string[]; readonly same: boolean }>();
  const sameList = (a: readonly string[], b: readonly string[]): boolean => {
    const known = compared.get(a);
    if (known?.to === b) return known.same;
    const same = a.length === b.length && a.every((item, i) => item === b[i]);
    compared.set(a, { to: b, same });
    return same;
  };
  const own = ({ podCIDRs: _1, noEgressCIDRs: _2, nodeIPs: _3, destinations: _4, ...rest }: NodeState) => rest;
  return (a, b) =>
    sameList(a.podCIDRs, b.podCIDRs) &&
    sameList(a.noEgressCIDRs, b.noEgressCIDRs) &&
    sameList(a.nodeIPs, b.nodeIPs) &&
    sameList(a.destinations, b.destinations) &&
    JSON.stringify(own(a)) === JSON.stringify(own(b));
}

interface SourceChange {
  /** `node`: the address of the pod's node. */
  readonly before: string | null | "node";
  readonly after: string | null | "node";
  readonly policy: string;
  readonly destinations: string[];
}

function podEffects(before: Plan, after: Plan): PodEffect[] {
  const earlier = new Map(podsOf(before).map((entry) => [`${entry.pod.namespace}/${entry.pod.name}`, entry]));
  const sources = { before: sourcesByClass(before), after: sourcesByClass(after) };
  const changes = new Map<string, SourceChange[]>();
  const effects: PodEffect[] = [];
  for (const { pod, state } of podsOf(after)) {
    const was = earlier.get(`${pod.namespace}/${pod.name}`);
    if (was === undefined) continue;
    const key = `${was.pod.class ?? ""} ${pod.class ?? ""}`;
    const known = changes.get(key) ?? compareSources(sources.before(was.pod.class), sources.after(pod.class));
    changes.set(key, known);
    for (const change of known) {
      const address = (source: string | null, underlayIP: string) => (source === "node" ? underlayIP : source);
      effects.push({
        namespace: pod.namespace,
        name: pod.name,
        before: address(change.before, was.state.underlayIP),
        after: address(change.after, state.underlayIP),
        policy: change.policy,
        destinations: change.destinations,
      });
    }
  }
  return effects.sort((a, b) => compareText(a.namespace, b.namespace) || compareText(a.name, b.name));
}

function podsOf(plan: Plan): { pod: NodePod; state: NodeState }[] {
  return plan.nodes.flatMap((state) => state.pods.map((pod) => ({ pod, state })));
}

/** Longest prefix first. */
interface Source {
  readonly cidr: string;
  readonly prefix: Prefix;
  readonly address: string | null;
  readonly policy: string;
}

function sourcesByClass(plan: Plan): (key: string | null) => readonly Source[] {
  const classes = new Map(plan.nodes.flatMap(({ classes: list }) => list.map((one) => [one.key, one] as const)));
  const allocations = new Map(plan.allocations.map((allocation) => [allocation.id, allocation]));
  const ips = new Map(plan.policies.map(({ name, ip }) => [name, ip]));
  return (key) =>
    (key === null ? [] : (classes.get(key)?.rules ?? [])).flatMap(({ cidr, id }) => {
      const prefix = parseCidr(cidr);
      const allocation = allocations.get(id);
      if (prefix === undefined || allocation === undefined) return [];
      const policy = key?.split(",").find((name) => ips.get(name) === allocation.ip) ?? "";
      return [{ cidr, prefix, address: allocation.node === null ? null : allocation.ip, policy }];
    });
}

function compareSources(before: readonly Source[], after: readonly Source[]): SourceChange[] {
  const found = new Map<string, SourceChange>();
  const decide = (sources: readonly Source[], { prefix }: Source) =>
    sources.find((one) => one.prefix.length <= prefix.length && contains(one.prefix, prefix.network));
  const distinct = new Map([...before, ...after].map((source) => [source.cidr, source]));
  for (const source of distinct.values()) {
    const [was, is] = [decide(before, source), decide(after, source)];
    const [from, to] = [was === undefined ? "node" : was.address, is === undefined ? "node" : is.address];
    if (from === to) continue;
    const policy = is?.policy ?? was?.policy ?? "";
    const change = found.get(`${from} ${to} ${policy}`) ?? { before: from, after: to, policy, destinations: [] };
    change.destinations.push(source.cidr);
    found.set(`${from} ${to} ${policy}`, change);
  }
  return [...found.values()];
}

/** Connections follow the address they were given: they are cut where a pod had a floating IP and loses that one. */
function countCut(pods: readonly PodEffect[], before: Plan): number {
  const given = new Set(before.allocations.map(({ ip }) => ip));
  const cut = pods.filter((pod) => pod.before !== null && given.has(pod.before) && pod.after !== null);
  return new Set(cut.map(({ namespace, name }) => `${namespace}/${name}`)).size;
}
