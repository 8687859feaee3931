/** Changed pods told as their owners know them: a Deployment is one line, however many pods it has. */
import type { Cidr } from "../intent.ts";
import { compareText } from "../text.ts";
import type { PodView, View, Workload } from "../view.ts";
import type { ChangedPod } from "./pods.ts";
import type { Source, SourceChange } from "./sources.ts";

export interface WorkloadEffect {
  readonly namespace: string;
  /** A pod that stands alone is its own, of kind Pod. */
  readonly workload: Workload;
  /** How many of its pods. */
  readonly pods: number;
  readonly before: Source;
  readonly after: Source;
  readonly policy: string;
  readonly destinations: readonly Cidr[];
}

/** Sorted by namespace, kind and name. */
export function groupByWorkload(changed: readonly ChangedPod[], view: View): WorkloadEffect[] {
  const workloadOf = workloadFinder(changed, view);
  const groups = new Map<SourceChange, Map<string, WorkloadEffect & { pods: number }>>();
  for (const { pod, changes } of changed) {
    const { namespace } = pod;
    const workload = workloadOf(namespace, pod.name);
    const key = `${namespace}/${workload.kind}/${workload.name}`;
    for (const change of changes) {
      const byWorkload = groups.get(change) ?? new Map();
      groups.set(change, byWorkload);
      const { before, after, policy, destinations } = change;
      const group = byWorkload.get(key) ?? { namespace, workload, pods: 0, before, after, policy, destinations };
      group.pods++;
      byWorkload.set(key, group);
    }
  }
  return mergeEqual([...groups.values()].flatMap((byWorkload) => [...byWorkload.values()])).sort(compareWorkloads);
}

/** Pods of one workload may be of different classes and still change alike. */
function mergeEqual(groups: readonly WorkloadEffect[]): WorkloadEffect[] {
  const merged = new Map<string, WorkloadEffect>();
  for (const group of groups) {
    const { pods, ...rest } = group;
    const key = JSON.stringify(rest);
    merged.set(key, { ...group, pods: pods + (merged.get(key)?.pods ?? 0) });
  }
  return [...merged.values()];
}

/** A view has many more pods than change, so only those are looked for. */
function workloadFinder(changed: readonly ChangedPod[], view: View): (namespace: string, name: string) => Workload {
  const wanted = new Map<string, Map<string, PodView | undefined>>();
  for (const { pod } of changed) {
    const names = wanted.get(pod.namespace) ?? new Map<string, PodView | undefined>();
    wanted.set(pod.namespace, names.set(pod.name, undefined));
  }
  if (wanted.size > 0) {
    for (const pod of view.pods) {
      const names = wanted.get(pod.namespace);
      if (names?.has(pod.name)) names.set(pod.name, pod);
    }
  }
  return (namespace, name) => wanted.get(namespace)?.get(name)?.workload ?? { kind: "Pod", name };
}

function compareWorkloads(a: WorkloadEffect, b: WorkloadEffect): number {
  return (
    compareText(a.namespace, b.namespace) ||
    compareText(a.workload.kind, b.workload.kind) ||
    compareText(a.workload.name, b.workload.name) ||
    compareText(a.destinations.join(), b.destinations.join())
  );
}
