/**
 * NodeState: everything one node needs and nothing else. It is the only type that travels from the plan to the agents,
 * so this file imports nothing.
 */

/** Small stable number (1…16383) for one floating IP in use; it travels in the mark and in the VXLAN-GBP header. */
export type EgressId = number;

export interface HeldAddress {
  readonly ip: string;
  readonly id: EgressId;
}

/** Where traffic with this egress id goes. On the gateway itself `underlayIP` equals the node's own. */
export interface Gateway {
  readonly id: EgressId;
  readonly node: string;
  readonly underlayIP: string;
  /** MAC of the gateway's overlay device. */
  readonly mac: string;
}

/** Another node whose agent this one talks to. */
export interface Peer {
  readonly node: string;
  /** Its underlay address: no other peer has the same. */
  readonly ip: string;
  /** X25519 (RFC 7748), base64url without padding, as its agent reported it. */
  readonly publicKey: string;
}

export interface ClassRule {
  readonly cidr: string;
  readonly id: EgressId;
  /** Nobody holds its address, and its policy wants the node's address meanwhile: the packets leave unmarked. */
  readonly nodeIP?: true;
  /** Whose rule it is. */
  readonly policy: string;
}

/** A floating IP that several nodes may hold, one at a time (docs/lease.md). */
export interface LeasedAddress {
  readonly ip: string;
  readonly id: EgressId;
  /** Names of the nodes that may hold it: the planned holder first, then in the order in which they take over. */
  readonly candidates: readonly string[];
  /** Who holds it as far as the reconciler knows, and since which take-over; null: nobody yet. */
  readonly holder: { readonly node: string; readonly epoch: number } | null;
  /** A planned move: the holder lets it go if it holds it under this epoch. */
  readonly releaseEpoch?: number;
}

/** A node that other nodes send egress traffic to, now or after a take-over. */
export interface LeaseNode {
  readonly node: string;
  readonly underlayIP: string;
  /** Of its overlay device. */
  readonly mac: string;
}

/** What a node must know so that floating IPs change hands without the reconciler. */
export interface LeaseOrder {
  /** Those that this node may hold, and those that its pods use. */
  readonly addresses: readonly LeasedAddress[];
  /** All candidates of these addresses. */
  readonly nodes: readonly LeaseNode[];
  /** All floating IPs of the cluster: the gate lets none of them out or in unless this node holds it. */
  readonly floatingIPs: readonly string[];
  /** MAC addresses of the underlay devices of nodes that may hold one: whoever else uses a floating IP is a conflict. */
  readonly gatewayMacs: readonly string[];
  /** As the reconciler knows it; the witnesses may know a newer one. */
  readonly witnesses: { readonly version: number; readonly members: readonly string[] };
  /** Not null: this node is to bring the witness set there. */
  readonly targetWitnesses: readonly string[] | null;
  /** The nodes whose agents this one talks to; itself may be among them. */
  readonly peers: readonly Peer[];
}

/** Who translates: the gateway, which tracks connections, or the pod's node, behind which a gateway only passes frames on. */
export type GatewayMode = "stateful" | "stateless";

/** Consecutive source ports (and ICMP ids) of one node. No two nodes of a cluster have one in common. */
export interface PortBlock {
  /** A multiple of `ports`. */
  readonly firstPort: number;
  /** A power of two, 256 to 1,024. */
  readonly ports: number;
}

/** A node with pods, as a gateway needs it to pass on what returns. */
export interface SourceNode extends LeaseNode {
  readonly block: PortBlock;
}

/** Pods selected by the same set of policies; they share one chain. */
export interface PodClass {
  /** Names of the policies, sorted, joined by a comma. */
  readonly key: string;
  /** Longest prefix first; the first match decides. Prefixes are unique. */
  readonly rules: readonly ClassRule[];
}

export interface NodePod {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** At most one of each family. */
  readonly ips: readonly string[];
  /** Key of a class in this NodeState; `null`: known and not selected. */
  readonly class: string | null;
}

export interface NodeState {
  readonly node: string;
  readonly underlayIP: string;
  /** MAC of this node's overlay device. */
  readonly mac: string;
  readonly overlay: { readonly vni: number; readonly port: number };
  /** The cluster's pod prefixes. */
  readonly podCIDRs: readonly string[];
  /** Destinations that never take the egress path: pods, services, node addresses, what was declared and what is never routed. Merged. */
  readonly noEgressCIDRs: readonly string[];
  /** Underlay addresses of all nodes: only they may send outer packets. */
  readonly nodeIPs: readonly string[];
  /** Union of all policies' destinations, merged: new connections of unknown pods to them are held. */
  readonly destinations: readonly string[];
  /** Floating IPs this node answers for. Empty when `lease` says who may. */
  readonly held: readonly HeldAddress[];
  /**
   * One for each egress id that may be used now. An id that a class names and this list lacks is held (dropped). Empty when
   * `lease` says who holds its address.
   */
  readonly gateways: readonly Gateway[];
  readonly gatewayMode: GatewayMode;
  /**
   * Where connections of this node's pods have their source port: under the floating IP when stateless, on the way to the
   * gateway when stateful. Null: the node has none; when stateless, nothing leaves.
   */
  readonly portBlock: PortBlock | null;
  /** Other nodes with a port block, on a node that may hold an address; elsewhere empty. */
  readonly sourceNodes: readonly SourceNode[];
  /** Null: addresses change hands only when the reconciler says so. */
  readonly lease: LeaseOrder | null;
  readonly classes: readonly PodClass[];
  /** All pods of this node with an address of their own, selected or not. */
  readonly pods: readonly NodePod[];
}

/** A NodeState on its way to a node. */
export interface Signal {
  /** Grows with every change for this node; never reused by one reconciler, and larger after its restart. */
  readonly generation: number;
  /** Hash of the state's content: equal states have equal hashes. */
  readonly hash: string;
  readonly state: NodeState;
}

/** What an agent found in its kernel after converging: the truth that status is made of. */
export interface NodeReport {
  readonly node: string;
  /** Of the last signal applied; 0 and "" when none was. */
  readonly generation: number;
  readonly hash: string;
  readonly outcome: "converged" | "failed";
  /** One line, when `failed`. */
  readonly error?: string;
  /** Observed, not remembered. */
  readonly kernel: {
    readonly held: readonly string[];
    readonly gateways: readonly { readonly id: EgressId; readonly mac: string }[];
    /** Pods that have their element in the kernel. */
    readonly pods: number;
    /** Pods of the state whose MAC address is not known yet, as namespace/name: they are held. */
    readonly heldPods: readonly string[];
  };
  /** Who this agent is to others. */
  readonly identity: {
    /** X25519, base64url without padding. */
    readonly publicKey: string;
    /** Of the underlay device; null while it is not known which that is. */
    readonly underlayMac: string | null;
    /** Its name as a witness: `node#disk`. */
    readonly witness: string;
  } | null;
  /** What it holds by lease; null while its state orders none. */
  readonly lease: {
    /** It answers for these now. `proof` says by what it was known that nobody else did: grounds and how many witnesses named them. */
    readonly held: readonly {
      readonly ip: string;
      readonly epoch: number;
      readonly proof: { readonly grounds: Readonly<Record<string, number>>; readonly witnesses: number };
    }[];
    /** On the way in or out. */
    readonly pending: readonly string[];
    readonly witnesses: { readonly version: number; readonly members: readonly string[] };
    /** This node brought the witness set where it was asked to. */
    readonly witnessesSettled: boolean;
  } | null;
  /** What the last pass changed in the kernel, in words, at most 50 entries. */
  readonly changes: readonly string[];
}
