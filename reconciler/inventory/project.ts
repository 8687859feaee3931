/**
 * From Kubernetes objects to the few fields of a View. What lacks a field that decides where traffic goes is refused,
 * never guessed.
 */
import type { Labels, NamespaceView, NodeView, PodView, Workload } from "../../policies/view.ts";

type Json = unknown;

export type Projected =
  | { readonly kind: "Node"; readonly node: NodeView }
  | { readonly kind: "Namespace"; readonly namespace: NamespaceView }
  | { readonly kind: "Pod"; readonly pod: PodView }
  /** Another kind, a pod that is not bound to a node, or a finished pod. */
  | { readonly kind: "ignored" }
  | { readonly kind: "refused"; readonly reason: string };

/** What is looked at below `metadata`, `spec` and `status`. */
export const VIEWED_FIELDS: ReadonlySet<string> = new Set([
  ...["name", "namespace", "uid", "labels", "annotations", "ownerReferences"],
  ...["nodeName", "hostNetwork", "unschedulable"],
  ...["addresses", "conditions", "phase", "podIP", "podIPs"],
]);

const IGNORED: Projected = { kind: "ignored" };
const KINDS = ["Node", "Namespace", "Pod"];

export function projectObject(object: Json): Projected {
  const kind = text(field(object, "kind"));
  // Other API groups have kinds of the same name.
  const group = field(object, "apiVersion") ?? "v1";
  if (kind === undefined || !KINDS.includes(kind) || group !== "v1") return IGNORED;
  const name = text(field(object, "metadata", "name"));
  if (name === undefined) return { kind: "refused", reason: `a ${kind} without metadata.name` };
  const labels = projectLabels(field(object, "metadata", "labels"));
  if (labels === undefined) return { kind: "refused", reason: `${kind} ${name} has labels that are not text` };
  if (kind === "Node") return { kind, node: projectNode(object, name, labels) };
  if (kind === "Namespace") return { kind, namespace: { name, labels } };
  return projectPod(object, name, labels);
}

function projectNode(object: Json, name: string, labels: Labels): NodeView {
  return {
    name,
    internalIPs: list(field(object, "status", "addresses"))
      .filter((a) => field(a, "type") === "InternalIP")
      .flatMap((a) => text(field(a, "address")) ?? []),
    labels,
    ready: list(field(object, "status", "conditions")).some(
      (c) => field(c, "type") === "Ready" && field(c, "status") === "True",
    ),
    unschedulable: field(object, "spec", "unschedulable") === true,
    draining: field(object, "metadata", "annotations", "sallyport.dev/drain") === "true",
  };
}

function projectPod(object: Json, name: string, labels: Labels): Projected {
  const namespace = text(field(object, "metadata", "namespace"));
  if (namespace === undefined) return { kind: "refused", reason: `Pod ${name} has no metadata.namespace` };
  const node = text(field(object, "spec", "nodeName"));
  const phase = field(object, "status", "phase");
  if (node === undefined || phase === "Succeeded" || phase === "Failed") return IGNORED;
  const podIPs = list(field(object, "status", "podIPs")).flatMap((p) => text(field(p, "ip")) ?? []);
  const podIP = text(field(object, "status", "podIP"));
  const pod: PodView = {
    namespace,
    name,
    uid: text(field(object, "metadata", "uid")) ?? "",
    node,
    ips: podIPs.length > 0 || podIP === undefined ? podIPs : [podIP],
    labels,
    hostNetwork: field(object, "spec", "hostNetwork") === true,
    workload: projectWorkload(list(field(object, "metadata", "ownerReferences")), labels),
  };
  return { kind: "Pod", pod };
}

/**
 * The controller as the pod names it, with one exception: a Deployment names its ReplicaSets after itself and the hash
 * that they label their pods with. Which CronJob made a Job cannot be seen; a static pod is controlled by its Node.
 */
function projectWorkload(owners: readonly Json[], labels: Labels): Workload | null {
  const controller = owners.find((owner) => field(owner, "controller") === true);
  const kind = text(field(controller, "kind"));
  const name = text(field(controller, "name"));
  if (kind === undefined || name === undefined) return null;
  const suffix = `-${labels["pod-template-hash"] ?? ""}`;
  const isDeployments = kind === "ReplicaSet" && suffix !== "-" && name.endsWith(suffix) && name !== suffix;
  return isDeployments ? { kind: "Deployment", name: name.slice(0, -suffix.length) } : { kind, name };
}

function field(object: Json, ...path: string[]): Json {
  let at = object;
  for (const key of path) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, key)) return undefined;
    at = (at as Record<string, Json>)[key];
  }
  return at;
}

const text = (value: Json): string | undefined => (typeof value === "string" && value !== "" ? value : undefined);
const list = (value: Json): readonly Json[] => (Array.isArray(value) ? value : []);

/** @returns undefined when they are not a map of strings. */
function projectLabels(value: Json): Labels | undefined {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) return undefined;
  return Object.values(value).every((label) => typeof label === "string") ? (value as Labels) : undefined;
}
