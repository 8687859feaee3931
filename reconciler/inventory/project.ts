/**
 * From Kubernetes objects to the few fields of a View. Unknown or malformed objects are skipped, never guessed: an
 * object that cannot be read must not change where traffic goes.
 */
import type { Labels, NamespaceView, NodeView, PodView } from "../../policies/view.ts";

type Json = unknown;

export type Projected =
  | { readonly kind: "Node"; readonly node: NodeView }
  | { readonly kind: "Namespace"; readonly namespace: NamespaceView }
  | { readonly kind: "Pod"; readonly pod: PodView };

/** @returns undefined for other kinds, for pods that are not bound to a node, and for finished pods. */
export function projectObject(object: Json): Projected | undefined {
  switch (field(object, "kind")) {
    case "Node": {
      const node = projectNode(object);
      return node && { kind: "Node", node };
    }
    case "Namespace": {
      const name = text(field(object, "metadata", "name"));
      return name === undefined
        ? undefined
        : { kind: "Namespace", namespace: { name, labels: labels(field(object, "metadata", "labels")) } };
    }
    case "Pod": {
      const pod = projectPod(object);
      return pod && { kind: "Pod", pod };
    }
    default:
      return undefined;
  }
}

function projectNode(object: Json): NodeView | undefined {
  const name = text(field(object, "metadata", "name"));
  if (name === undefined) return undefined;
  return {
    name,
    internalIPs: list(field(object, "status", "addresses"))
      .filter((a) => field(a, "type") === "InternalIP")
      .flatMap((a) => text(field(a, "address")) ?? []),
    labels: labels(field(object, "metadata", "labels")),
    ready: list(field(object, "status", "conditions")).some(
      (c) => field(c, "type") === "Ready" && field(c, "status") === "True",
    ),
    unschedulable: field(object, "spec", "unschedulable") === true,
    draining: field(object, "metadata", "annotations", "sallyport.dev/drain") === "true",
  };
}

function projectPod(object: Json): PodView | undefined {
  const name = text(field(object, "metadata", "name"));
  const namespace = text(field(object, "metadata", "namespace"));
  const node = text(field(object, "spec", "nodeName"));
  const phase = field(object, "status", "phase");
  if (name === undefined || namespace === undefined || node === undefined) return undefined;
  if (phase === "Succeeded" || phase === "Failed") return undefined;
  const podIPs = list(field(object, "status", "podIPs")).flatMap((p) => text(field(p, "ip")) ?? []);
  const podIP = text(field(object, "status", "podIP"));
  return {
    namespace,
    name,
    uid: text(field(object, "metadata", "uid")) ?? "",
    node,
    ips: podIPs.length > 0 ? podIPs : podIP === undefined ? [] : [podIP],
    labels: labels(field(object, "metadata", "labels")),
    hostNetwork: field(object, "spec", "hostNetwork") === true,
    workload: null,
  };
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

function labels(value: Json): Labels {
  if (typeof value !== "object" || value === null) return {};
  return Object.fromEntries(Object.entries(value).filter((e): e is [string, string] => typeof e[1] === "string"));
}
