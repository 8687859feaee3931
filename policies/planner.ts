import type { Intent } from "./intent.ts";
import type { Plan, Previous } from "./model.ts";
import { startPlanning } from "./plan.ts";
import type { Planning } from "./planning.ts";
import { podChanges } from "./podchanges.ts";
import type { View } from "./view.ts";

/**
 * Plans one view after the other. Always gives what `plan` gives, but where only pods differ from the call before, and
 * that call's plan is the previous one, it takes the time of their number. So a view should hold the same objects for
 * what did not change: pods, and the lists of nodes and namespaces.
 */
export class Planner {
  #last: { readonly intent: Intent; readonly view: View; readonly planning: Planning } | undefined;

  plan(intent: Intent, view: View, previous: Previous): Plan {
    const last = this.#last;
    this.#last = undefined;
    const onlyPodsDiffer =
      last !== undefined &&
      last.intent === intent &&
      last.view.nodes === view.nodes &&
      last.view.namespaces === view.namespaces &&
      last.planning.plan.next === previous;
    const planning = onlyPodsDiffer ? last.planning : startPlanning(intent, view, previous);
    if (onlyPodsDiffer) planning.apply(podChanges(last.view.pods, view.pods));
    this.#last = { intent, view, planning };
    return planning.plan;
  }
}
