/** View: the cluster as it was seen, reduced to the fields a plan needs. */

export type Labels = Readonly<Record<string, string>>;

export interface NodeView {
  readonly name: string;
  /** `status.addresses` of type InternalIP. */
  readonly internalIPs: readonly string[];
  readonly labels: Labels;
  /** Condition Ready is True. */
  readonly ready: boolean;
  /** `spec.unschedulable`: the node is cordoned. */
  readonly unschedulable: boolean;
  /** Annotation `sallyport.dev/drain` is "true": the node is to give its floating IPs to others. */
  readonly draining: boolean;
}

export interface NamespaceView {
  readonly name: string;
  readonly labels: Labels;
}

/** What a pod belongs to, as its author would name it: the Deployment rather than its ReplicaSet. */
export interface Workload {
  readonly kind: string;
  readonly name: string;
}

export interface PodView {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** `spec.nodeName`; a pod that is not bound yet is not part of a view. */
  readonly node: string;
  /** `status.podIPs`; may be empty while the pod starts. */
  readonly ips: readonly string[];
  readonly labels: Labels;
  readonly hostNetwork: boolean;
  /** The controller among `metadata.ownerReferences`; null for a pod that stands alone. */
  readonly workload: Workload | null;
}

export interface View {
  readonly nodes: readonly NodeView[];
  readonly namespaces: readonly NamespaceView[];
  /** Without finished pods (phase Succeeded or Failed): their address may already be another pod's. */
  readonly pods: readonly PodView[];
}
