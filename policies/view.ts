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
}

export interface NamespaceView {
  readonly name: string;
  readonly labels: Labels;
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
}

export interface View {
  readonly nodes: readonly NodeView[];
  readonly namespaces: readonly NamespaceView[];
  /** Without finished pods (phase Succeeded or Failed): their address may already be another pod's. */
  readonly pods: readonly PodView[];
}
