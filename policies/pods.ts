/** Which pods each node has, and what it must know of them. */
import { familyOf, formatAddress, parseAddress } from "./addresses.ts";
import type { PlannedClass, Selection } from "./classes.ts";
import type { NodePod } from "./nodestate.ts";
import type { PodChanges } from "./podchanges.ts";
import type { Select } from "./selection.ts";
import { type PodCount, type Tally, tallyPods } from "./tallies.ts";
import { compareText } from "./text.ts";
import type { Labels, NamespaceView, PodView } from "./view.ts";

export interface PlacedPod {
  readonly view: PodView;
  readonly pod: NodePod;
  readonly planned: PlannedClass | null;
}

export interface PodRules {
  readonly labelsOf: (namespace: string) => Labels;
  readonly select: Select<Selection>;
}

/** What a change of pods touches. */
export interface PodsTouched {
  readonly nodes: ReadonlySet<string>;
  /** By policy: by how much its numbers differ. */
  readonly tallies: ReadonlyMap<string, Tally>;
}

/** Remembers pods by node, so that one of them costs what its node has, not what the cluster has. */
export class PodRegister {
  readonly #rules: PodRules;
  readonly #byNode = new Map<string, PlacedPod[]>();

  constructor(rules: PodRules) {
    this.#rules = rules;
  }

  /** @throws when a pod is removed that was not added; what was applied until then stays applied. */
  apply({ removed, added }: PodChanges): PodsTouched {
    const { labelsOf, select } = this.#rules;
    const counts = new Map<Selection, PodCount>();
    const nodes = new Set<string>();
    for (const view of removed) {
      if (ownAddresses(view).length > 0) {
        this.#remove(view);
        nodes.add(view.node);
      }
      count(counts, select(labelsOf(view.namespace), view.labels), view, -1);
    }
    for (const view of added) {
      const selection = select(labelsOf(view.namespace), view.labels);
      const ips = ownAddresses(view);
      if (ips.length > 0) {
        this.#add(view, ips, selection);
        nodes.add(view.node);
      }
      count(counts, selection, view, 1);
    }
    return { nodes, tallies: tallyPods(counts.values()) };
  }

  /** Sorted by namespace, then name. */
  on(node: string): readonly PlacedPod[] {
    return this.#byNode.get(node)?.sort((a, b) => comparePods(a.pod, b.pod)) ?? [];
  }

  #add(view: PodView, ips: readonly string[], { planned }: Selection): void {
    const { namespace, name, uid, node } = view;
    const placed = { view, pod: { namespace, name, uid, ips, class: planned?.podClass.key ?? null }, planned };
    const neighbours = this.#byNode.get(node);
    if (neighbours === undefined) this.#byNode.set(node, [placed]);
    else neighbours.push(placed);
  }

  #remove(view: PodView): void {
    const neighbours = this.#byNode.get(view.node) ?? [];
    const index = neighbours.findIndex((placed) => placed.view === view);
    if (index < 0) throw new Error(`pod ${view.namespace}/${view.name} is removed from ${view.node} but was not there`);
    neighbours.splice(index, 1);
    if (neighbours.length === 0) this.#byNode.delete(view.node);
  }
}

/**
 * Kubernetes sets `kubernetes.io/metadata.name` on every namespace (since 1.22), so a selector on it also works for an
 * inventory that leaves it out and for a pod whose namespace was not seen yet.
 */
export function namespaceLabels(namespaces: readonly NamespaceView[]): (namespace: string) => Labels {
  const byName = new Map<string, Labels>();
  for (const { name, labels } of namespaces) byName.set(name, { ...labels, "kubernetes.io/metadata.name": name });
  return (namespace) => byName.get(namespace) ?? { "kubernetes.io/metadata.name": namespace };
}

function count(counts: Map<Selection, PodCount>, selection: Selection, { hostNetwork }: PodView, by: 1 | -1): void {
  if (selection.policies.length === 0) return;
  let entry = counts.get(selection);
  if (entry === undefined) {
    entry = { selection, pods: 0, hostNetworkPods: 0 };
    counts.set(selection, entry);
  }
  if (hostNetwork) entry.hostNetworkPods += by;
  else entry.pods += by;
}

/**
 * One of each family. None while the pod starts: its node does not know it yet and holds its traffic. None in the host's
 * network: the address is the node's.
 */
function ownAddresses({ hostNetwork, ips }: PodView): readonly string[] {
  if (hostNetwork) return [];
  const found = ips.map(familyOf);
  if (found.length === 1 && found[0] === 4) return ips;
  return ([4, 6] as const).flatMap((family) => {
    const ip = ips[found.indexOf(family)];
    return ip === undefined ? [] : [family === 4 ? ip : canonical(ip)];
  });
}

/** An agent compares addresses as text, and refuses a state with any other form. IPv4 has only one. */
function canonical(ip: string): string {
  const address = parseAddress(ip);
  return address === undefined ? ip : formatAddress(address);
}

/** A total order, so that not even pods which cannot be told apart by name depend on the order of the input. */
function comparePods(a: NodePod, b: NodePod): number {
  return (
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name) ||
    compareText(a.uid, b.uid) ||
    compareText(a.ips.join(), b.ips.join()) ||
    compareText(a.class ?? "", b.class ?? "")
  );
}
