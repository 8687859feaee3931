/** What changes for traffic when one plan follows another: told before it happens, so that a reviewer can object. */
import { parseAddress } from "../addresses.ts";
import type { Cidr } from "../intent.ts";
import type { Change, Plan } from "../model.ts";
import type { GatewayMode } from "../nodestate.ts";
import { compareText } from "../text.ts";
import type { View } from "../view.ts";
import type { Connections } from "./connections.ts";
import { compareNodes } from "./nodes.ts";
import type { Place } from "./pairs.ts";
import { type ChangedPod, comparePods } from "./pods.ts";
import { comparePolicies, type PolicyEffect } from "./policies.ts";
import { NODE_ADDRESS, type Planned } from "./sources.ts";
import { groupByWorkload, type WorkloadEffect } from "./workloads.ts";

export type { PolicyEffect } from "./policies.ts";
export { NODE_ADDRESS, type Planned } from "./sources.ts";
export type { WorkloadEffect } from "./workloads.ts";

/** The JSON shape of `sallyport plan --json`, which docs/json.md describes, is made of these fields. */
export interface Effect {
  /** Null: the mode stays, or the cluster had none before. */
  readonly gatewayMode: GatewayModeEffect | null;
  readonly floatingIPs: readonly FloatingIPEffect[];
  readonly policies: readonly PolicyEffect[];
  /** The same changes as in `pods`, grouped. */
  readonly workloads: readonly WorkloadEffect[];
  /** Sorted by namespace, then name; one entry for each pod and change. */
  readonly pods: readonly PodEffect[];
  /** Pods that may lose connections: the sum of `connections`. How many each has, a plan does not know. */
  readonly connectionsCut: number;
  readonly connections: Connections;
  /** Nodes whose state changes, by name. */
  readonly nodes: readonly string[];
  readonly unchanged: {
    readonly floatingIPs: number;
    readonly policies: number;
    readonly pods: number;
    readonly nodes: number;
  };
}

interface GatewayModeEffect {
  readonly from: GatewayMode;
  readonly to: GatewayMode;
  /** One sentence without a full stop. */
  readonly reason: string;
}

export interface FloatingIPEffect {
  readonly ip: string;
  readonly kind: "assign" | "move" | "release" | "hold";
  readonly from: string | null;
  readonly to: string | null;
  /** One sentence without a full stop. */
  readonly reason: string;
}

/**
 * One pod's traffic to some destinations, by the source address seen outside. Null: dropped, while the policy is held or
 * the node has no ports; `node`: the node's own, which the view does not tell.
 */
interface PodEffect {
  readonly namespace: string;
  readonly name: string;
  readonly before: string | null;
  readonly after: string | null;
  /** The policy that decides afterwards, or else the one that did before. */
  readonly policy: string;
  readonly destinations: readonly Cidr[];
}

/** `after` must have been planned with `before.plan.next` as its previous plan; its changes give the reasons. */
export function effect(before: Planned, after: Planned): Effect {
  const floatingIPs = after.plan.changes.flatMap(floatingIPEffect);
  const policies = comparePolicies(before.plan, after.plan);
  const nodes = compareNodes(before.plan.nodes, after.plan.nodes);
  const { changed, unchanged, connections } = comparePods(before, after, nodes.withSamePods);
  return {
    gatewayMode: gatewayModeEffect(before.plan, after.plan),
    floatingIPs,
    policies,
    workloads: groupByWorkload(changed, after.view),
    pods: podEffects(changed, before.view, after.view),
    connectionsCut: connections.reset + connections.held + connections.modeChanged + connections.rerouted,
    connections,
    nodes: nodes.changed,
    unchanged: {
      floatingIPs: after.plan.allocations.length - countPresent(floatingIPs, after.plan),
      policies: after.plan.policies.length - policies.filter((policy) => policy.after !== null).length,
      pods: unchanged,
      nodes: nodes.unchanged,
    },
  };
}

export function hasEffect({ gatewayMode, floatingIPs, policies, pods, nodes }: Effect): boolean {
  return gatewayMode !== null || floatingIPs.length + policies.length + pods.length + nodes.length > 0;
}

function gatewayModeEffect({ next: { gatewayMode: from } }: Plan, after: Plan): GatewayModeEffect | null {
  const to = after.next.gatewayMode;
  const reason = after.changes.find(({ kind }) => kind === "gateway-mode")?.reason;
  return from === null || to === null || reason === undefined ? null : { from, to, reason };
}

function floatingIPEffect({ kind, subject: ip, from, to, reason }: Change): FloatingIPEffect[] {
  const isAboutAddress = kind === "assign" || kind === "move" || kind === "release" || kind === "hold";
  return isAboutAddress ? [{ ip, kind, from, to, reason }] : [];
}

function countPresent(changed: readonly FloatingIPEffect[], { allocations }: Plan): number {
  const changedIPs = new Set(changed.map(({ ip }) => ip));
  return allocations.filter(({ ip }) => changedIPs.has(ip)).length;
}

function podEffects(changed: readonly ChangedPod[], viewBefore: View, viewAfter: View): PodEffect[] {
  const addressBefore = nodeAddresses(viewBefore);
  const addressAfter = nodeAddresses(viewAfter);
  return changed
    .toSorted((a, b) => compareText(a.pod.namespace, b.pod.namespace) || compareText(a.pod.name, b.pod.name))
    .flatMap(({ pod: { namespace, name }, before: was, after: is, changes }) =>
      changes.map(({ before, after, policy, destinations, family }) => ({
        namespace,
        name,
        before: before === NODE_ADDRESS ? addressBefore(was, family) : before,
        after: after === NODE_ADDRESS ? addressAfter(is, family) : after,
        policy,
        destinations,
      })),
    );
}

/** A node leaves with its underlay address where that is of the family, else with its first InternalIP that is. */
function nodeAddresses({ nodes }: View): (place: Place, family: 4 | 6) => string {
  const internalIPs = new Map(nodes.map(({ name, internalIPs: ips }) => [name, ips]));
  return ({ node, state }, family) => {
    const candidates = [...(state === undefined ? [] : [state.underlayIP]), ...(internalIPs.get(node) ?? [])];
    return candidates.find((ip) => parseAddress(ip)?.family === family) ?? NODE_ADDRESS;
  };
}
