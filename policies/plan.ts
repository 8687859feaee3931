/**
 * The plan: allocation, per-policy outcome, per-node state, and the reason for each change.
 */
import type { Finding } from "./findings.ts";
import type { Intent, IpAddress } from "./intent.ts";
import type { EgressId, NodeState } from "./nodestate.ts";
import type { View } from "./view.ts";

/** One floating IP in use by the plan. `node` is null when no fit node exists. */
export interface Allocation {
  readonly ip: IpAddress;
  readonly id: EgressId;
  readonly node: string | null;
}

/** What earlier plans decided and this one must respect; it is stored on the status branch. */
export interface Previous {
  readonly allocations: readonly Allocation[];
  /** Policies that were Ready, by name, with the group they referred to as namespace/name. */
  readonly readyPolicies: Readonly<Record<string, string>>;
}

/** A kstatus-style condition. */
export interface Condition {
  readonly type: "Ready";
  readonly status: "True" | "False";
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

export interface PolicyOutcome {
  readonly name: string;
  readonly ready: Condition;
  /** The floating IP its traffic leaves with; null when not ready. */
  readonly ip: IpAddress | null;
  readonly node: string | null;
  readonly selectedPods: number;
  /** Host-network pods that match the selectors and are ignored. */
  readonly ignoredHostNetworkPods: number;
}

export interface GroupOutcome {
  readonly namespace: string;
  readonly name: string;
  readonly ready: Condition;
  /** Only on kube-system/default: {ip: node}, allocated ones only. */
  readonly floatingIPs?: Readonly<Record<IpAddress, string>>;
  /** Only on kube-system/default: {node: Up|Down}. */
  readonly nodes?: Readonly<Record<string, "Up" | "Down">>;
}

/** One decision, for the log, the status and people. */
export interface Change {
  readonly kind: "assign" | "move" | "release" | "hold" | "policy-ready" | "policy-refused" | "policy-removed";
  /** A floating IP or a policy's name. */
  readonly subject: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly reason: string;
}

export interface Plan {
  readonly allocations: readonly Allocation[];
  readonly policies: readonly PolicyOutcome[];
  readonly groups: readonly GroupOutcome[];
  /** Target state of every node of the view that has an underlay address, sorted by name. */
  readonly nodes: readonly NodeState[];
  /** Against `previous`. Empty when nothing changes. */
  readonly changes: readonly Change[];
  /** Findings that need the cluster; those of the text come with the intent. */
  readonly findings: readonly Finding[];
  /** What the next plan takes as its `previous`. */
  readonly next: Previous;
}

export type PlanFunction = (intent: Intent, view: View, previous: Previous) => Plan;
