import type { NamespaceView, NodeView, PodView, View } from "../../policies/view.ts";
import { detach, Sharing } from "./compact.ts";
import { Known } from "./known.ts";
import type { KubernetesObject } from "./objects.ts";
import { InventoryProblem, type Place, PRINT_IT } from "./problem.ts";
import { projectObject } from "./project.ts";

/**
 * Builds a view object by object. What the previous view has in the same form is the same object again, up to the lists
 * and the view itself: whoever plans sees by reference what changed.
 */
export class ViewCollector {
  readonly #previous: View | undefined;
  readonly #nodes: Known<NodeView>;
  readonly #namespaces: Known<NamespaceView>;
  readonly #pods: Known<PodView>;
  readonly #sharing = new Sharing();

  constructor(previous: View | undefined) {
    this.#previous = previous;
    this.#nodes = new Known(previous?.nodes);
    this.#namespaces = new Known(previous?.namespaces);
    this.#pods = new Known(previous?.pods);
  }

  /** @throws InventoryProblem */
  add(object: KubernetesObject, place: Place): void {
    const projected = projectObject(object);
    if (projected.kind === "ignored") return;
    if (projected.kind === "refused") throw new InventoryProblem(`${projected.reason}; ${PRINT_IT}`, place);
    const isNew =
      projected.kind === "Node"
        ? this.#nodes.add(detach(projected.node))
        : projected.kind === "Namespace"
          ? this.#namespaces.add(detach(projected.namespace))
          : this.#pods.add(this.#sharing.pod(detach(projected.pod)));
    if (isNew) return;
    const { metadata } = object as unknown as { metadata: { namespace?: string; name: string } };
    const name = projected.kind === "Pod" ? `${metadata.namespace}/${metadata.name}` : metadata.name;
    throw new InventoryProblem(`${projected.kind} ${name} is here a second time; ${PRINT_IT}`, place);
  }

  /** @throws InventoryProblem when there is no node or no namespace: no cluster is without. */
  view(): View {
    const view = { nodes: this.#nodes.all(), namespaces: this.#namespaces.all(), pods: this.#pods.all() };
    if (view.nodes.length === 0) throw new InventoryProblem(`holds no Node; ${PRINT_IT}`);
    if (view.namespaces.length === 0) throw new InventoryProblem(`holds no Namespace; ${PRINT_IT}`);
    const previous = this.#previous;
    const isSame =
      previous?.nodes === view.nodes && previous.namespaces === view.namespaces && previous.pods === view.pods;
    return isSame ? previous : view;
  }
}
