/**
 * The plan as data: allocation, per-policy outcome, per-node state, the reason for each change, and what the next plan
 * must know.
 */
import type { Finding } from "./findings.ts";
import type { Cidr, IpAddress } from "./intent.ts";
import type { EgressId, NodeState } from "./nodestate.ts";

/** One usable floating IP of kube-system/default. `node` is null while no fit node exists. */
export interface Allocation {
  readonly ip: IpAddress;
  readonly id: EgressId;
  readonly node: string | null;
}

/**
 * Nodes that may hold a floating IP: never too few, possibly too many. Plans only add (and drop nodes that left the
 * cluster); `settle` takes away what reports have disproved. An id listed here is not given to another address.
 */
export interface Holders {
  readonly ip: IpAddress;
  readonly id: EgressId;
  readonly nodes: readonly string[];
}

/**
 * `active`: captures traffic. `held`: captures traffic, which is dropped until its address has a node. `refused`:
 * touches no traffic.
 *
 * What Git says decides whether a policy captures traffic; what the cluster does only decides whether captured
 * traffic can leave. So no event in the cluster ever gives a policy's traffic the node's address.
 */
type PolicyState = "active" | "held" | "refused";

export interface PreviousPolicy {
  /** namespace/name of its group. */
  readonly group: string;
  readonly state: PolicyState;
  readonly ip: IpAddress | null;
}

/** Who is asked who may hold an address (docs/lease.md). Version 0: nobody was named yet. */
export interface Witnesses {
  readonly version: number;
  /** `node#disk`, sorted. */
  readonly members: readonly string[];
}

/** A node began to hold an address. Epochs grow with every take-over of the address. */
export interface TakeOver {
  readonly node: string;
  readonly epoch: number;
}

/** What other nodes must know of an agent (NodeReport.identity). */
export interface AgentIdentity {
  readonly publicKey: string;
  readonly underlayMac: string | null;
}

/**
 * What earlier plans decided and this one must respect. Store a plan's `next` before acting on the plan: after a
 * restart it is the only memory of who may hold an address.
 */
export interface Previous {
  readonly allocations: readonly Allocation[];
  readonly holders: readonly Holders[];
  /** Ids are given out in a circle, so a freed one comes back only after all others; this was the last. 0: none yet. */
  readonly lastId: EgressId;
  /** `ClusterSettings.rebalance` that was last acted on. */
  readonly rebalance: string;
  /** By policy name. */
  readonly policies: Readonly<Record<string, PreviousPolicy>>;
  /**
   * By floating IP: the take-over that the allocation knew of. A later one was decided by the nodes themselves, and the
   * allocation follows it; as long as there is none, the allocation is what the nodes are to bring about.
   */
  readonly takeOvers: Readonly<Record<IpAddress, TakeOver>>;
  readonly witnesses: Witnesses;
  /** By node, as its agent reported it last: a node that is silent, or not heard yet, is still a peer of the others. */
  readonly agents: Readonly<Record<string, AgentIdentity>>;
}

/** The start of a cluster that no plan was made for yet. */
export const nothingBefore: Previous = {
  allocations: [],
  holders: [],
  lastId: 0,
  rebalance: "",
  policies: {},
  takeOvers: {},
  witnesses: { version: 0, members: [] },
  agents: {},
};

/** A kstatus-style condition. */
export interface Condition {
  readonly type: "Ready";
  readonly status: "True" | "False";
  /** CamelCase. */
  readonly reason: string;
  readonly message: string;
}

/** Traffic to `cidr` that this policy names but `by` decides, for so many selected pods. */
export interface Shadow {
  readonly by: string;
  readonly cidr: Cidr;
  readonly pods: number;
}

export interface PolicyOutcome {
  readonly name: string;
  readonly state: PolicyState;
  /** True when `active`. Says what is planned, not what the nodes confirmed. */
  readonly ready: Condition;
  /** The floating IP its traffic leaves with; null when refused. */
  readonly ip: IpAddress | null;
  /** The gateway node; null unless active. */
  readonly node: string | null;
  /** Pods that match its sources, also while the policy is refused. */
  readonly selectedPods: number;
  /** Host-network pods that match the selectors and are ignored. */
  readonly ignoredHostNetworkPods: number;
  /** Sorted by policy, then prefix. */
  readonly shadowed: readonly Shadow[];
}

export interface GroupOutcome {
  readonly namespace: string;
  readonly name: string;
  readonly ready: Condition;
  /** Only on kube-system/default: {ip: node}, allocated ones only. */
  readonly floatingIPs?: Readonly<Record<IpAddress, string>>;
  /** Only on kube-system/default: the nodes that may be gateways, {node: Up|Down}. */
  readonly nodes?: Readonly<Record<string, "Up" | "Down">>;
}

/** One decision, for the log, the status and people. */
export interface Change {
  readonly kind:
    | "assign"
    | "move"
    | "release"
    | "hold"
    | "policy-ready"
    | "policy-held"
    | "policy-refused"
    | "policy-removed";
  /** A floating IP or a policy's name. */
  readonly subject: string;
  /** Node before, or floating IP before for a policy. */
  readonly from: string | null;
  readonly to: string | null;
  /** A whole sentence without a full stop: "192.168.1.100 moves from worker1 to worker2: worker1 is not Ready". */
  readonly reason: string;
}

export interface Plan {
  /** Sorted by address. */
  readonly allocations: readonly Allocation[];
  /** By floating IP with a node: the nodes that may hold it, that one first, then in the order in which they take over. */
  readonly candidates: ReadonlyMap<IpAddress, readonly string[]>;
  /** Sorted by name. */
  readonly policies: readonly PolicyOutcome[];
  /** Sorted by namespace, then name. */
  readonly groups: readonly GroupOutcome[];
  /** Target state of every node of the view that has an underlay address, sorted by name. */
  readonly nodes: readonly NodeState[];
  /** Against `previous`. Empty when nothing changes. */
  readonly changes: readonly Change[];
  /** Findings that need the cluster or `previous`; those of the text come with the intent. */
  readonly findings: readonly Finding[];
  /** What the next plan takes as its `previous`. */
  readonly next: Previous;
}
