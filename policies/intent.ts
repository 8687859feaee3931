/**
 * Intent: everything declared at one commit, already syntactically valid. Rules that need the cluster (does a node have
 * this subnet?) are the plan's business, not the intent's.
 */
import type { Position } from "./findings.ts";
import type { GatewayMode } from "./nodestate.ts";

/** In canonical form: dotted decimal, or RFC 5952. */
export type IpAddress = string;
/** In canonical form: network address, slash, length; host bits are zero. */
export type Cidr = string;

/** Kubernetes label selector in full; `matchLabels` is already folded into requirements with operator `In`. */
export interface LabelSelector {
  readonly requirements: readonly LabelRequirement[];
}

export interface LabelRequirement {
  readonly key: string;
  readonly operator: "In" | "NotIn" | "Exists" | "DoesNotExist";
  readonly values: readonly string[];
}

export interface Positioned<T> {
  readonly value: T;
  readonly at: Position;
}

/** A `NetworkGatewayGroup` (networking.gke.io/v1). */
export interface Group {
  readonly namespace: string;
  readonly name: string;
  /** In the order written; a policy uses the first. */
  readonly floatingIPs: readonly Positioned<IpAddress>[];
  readonly at: Position;
}

export interface PolicySource {
  readonly namespaceSelector: LabelSelector;
  readonly podSelector: LabelSelector;
}

/**
 * What becomes of a policy's traffic while no node holds its address. `drop`: it is held. `nodeIP`: it leaves with the
 * address of its pod's node, which is the one exception to "with the floating IP or not at all".
 */
export type FailureMode = "drop" | "nodeIP";

/** An `EgressNATPolicy` (networking.gke.io/v1), action SNAT. */
export interface Policy {
  readonly name: string;
  /** OR-ed; within one source both selectors must match. */
  readonly sources: readonly PolicySource[];
  readonly destinations: readonly Positioned<Cidr>[];
  readonly gatewayRef: Positioned<{ readonly namespace: string; readonly name: string }>;
  /** Annotation `sallyport.dev/on-gateway-failure`. */
  readonly onGatewayFailure: FailureMode;
  readonly at: Position;
}

/** An `EgressCluster` (sallyport.dev/v1alpha1), one per cluster directory; every field has a default. */
export interface ClusterSettings {
  /** Where the EgressCluster stands; null when the tree has none. */
  readonly at: Position | null;
  readonly podCIDRs: readonly Cidr[];
  readonly serviceCIDRs: readonly Cidr[];
  /** Further destinations that never take the egress path. */
  readonly noEgressCIDRs: readonly Cidr[];
  /** The subnets the nodes' addresses lie in. Kubernetes does not tell a node's prefix length, so it is declared. */
  readonly nodeSubnets: readonly Cidr[];
  /** The routers of those subnets, never given to a node. Kubernetes does not tell them either. */
  readonly defaultGateways: readonly IpAddress[];
  /** Which nodes may hold a floating IP; the empty selector means all. */
  readonly gatewayNodeSelector: LabelSelector;
  /** Null: the cluster stays in the mode it is in, and a new one gets the default. */
  readonly gatewayMode: Positioned<GatewayMode> | null;
  /** A new text asks once for an even spread of the floating IPs over the nodes; empty: never asked. */
  readonly rebalance: string;
  readonly overlay: {
    /** VXLAN network identifier, 1…16777215. */
    readonly vni: number;
    /** UDP port of the outer packets; a private one, since GBP and plain VXLAN devices cannot share a port. */
    readonly port: number;
  };
  /** How often Git is looked at. */
  readonly pollIntervalSeconds: number;
  /** Cron expression (UTC): when convergence is verified on every node although nothing changed. */
  readonly schedule: string;
}

export interface Intent {
  readonly groups: readonly Group[];
  readonly policies: readonly Policy[];
  readonly cluster: ClusterSettings;
}
