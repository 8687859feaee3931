/** One pass over all pods: what each node must know of its own, and how many pods each set of policies selects. */
import { type Family, parseAddress } from "./addresses.ts";
import type { Classify, PlannedClass } from "./classes.ts";
import type { Policy } from "./intent.ts";
import type { NodePod } from "./nodestate.ts";
import type { Select } from "./selection.ts";
import { compareText } from "./text.ts";
import type { Labels, NamespaceView, PodView } from "./view.ts";

export interface PodCount {
  readonly selected: readonly Policy[];
  pods: number;
  hostNetworkPods: number;
}

export interface PlacedPod {
  readonly pod: NodePod;
  readonly planned: PlannedClass | null;
}

export interface PlacedPods {
  /** By node; sorted by namespace, then name. */
  readonly byNode: ReadonlyMap<string, readonly PlacedPod[]>;
  /** One for each distinct set of policies that selects a pod, the empty set left out. */
  readonly counts: readonly PodCount[];
}

export function placePods(
  pods: readonly PodView[],
  namespaces: readonly NamespaceView[],
  select: Select,
  classify: Classify,
  families: readonly Family[],
): PlacedPods {
  const labelsOf = namespaceLabels(namespaces);
  const counts = new Map<readonly Policy[], PodCount>();
  const byNode = new Map<string, PlacedPod[]>();
  for (const pod of pods) {
    const selected = select(labelsOf(pod.namespace), pod.labels);
    if (selected.length > 0) count(counts, selected, pod);
    const placed = pod.hostNetwork ? undefined : place(pod, classify(selected), families);
    if (placed === undefined) continue;
    const neighbours = byNode.get(pod.node);
    if (neighbours === undefined) byNode.set(pod.node, [placed]);
    else neighbours.push(placed);
  }
  for (const placed of byNode.values()) placed.sort((a, b) => comparePods(a.pod, b.pod));
  return { byNode, counts: [...counts.values()] };
}

/**
 * Kubernetes sets `kubernetes.io/metadata.name` on every namespace (since 1.22), so a selector on it also works for an
 * inventory that leaves it out and for a pod whose namespace was not seen yet.
 */
export function namespaceLabels(namespaces: readonly NamespaceView[]): (namespace: string) => Labels {
  const byName = new Map<string, Labels>();
  for (const { name, labels } of namespaces) byName.set(name, { ...labels, "kubernetes.io/metadata.name": name });
  return (namespace) => {
    const known = byName.get(namespace);
    if (known !== undefined) return known;
    const unseen = { "kubernetes.io/metadata.name": namespace };
    byName.set(namespace, unseen);
    return unseen;
  };
}

function count(counts: Map<readonly Policy[], PodCount>, selected: readonly Policy[], pod: PodView): void {
  let entry = counts.get(selected);
  if (entry === undefined) {
    entry = { selected, pods: 0, hostNetworkPods: 0 };
    counts.set(selected, entry);
  }
  if (pod.hostNetwork) entry.hostNetworkPods++;
  else entry.pods++;
}

/** A pod without an address yet is unknown to its node, which holds its traffic until it is known. */
function place(
  { namespace, name, uid, ips }: PodView,
  planned: PlannedClass | null,
  families: readonly Family[],
): PlacedPod | undefined {
  const own = families.flatMap((family) => ips.find((text) => parseAddress(text)?.family === family) ?? []);
  if (own.length === 0) return undefined;
  return { pod: { namespace, name, uid, ips: own, class: planned?.podClass.key ?? null }, planned };
}

function comparePods(a: NodePod, b: NodePod): number {
  return compareText(a.namespace, b.namespace) || compareText(a.name, b.name) || compareText(a.uid, b.uid);
}
