/** All parsed files of one tree, prepared for the rules between objects. */
import type { Group, Intent, Policy } from "../../intent.ts";
import { DEFAULT_SETTINGS } from "../cluster.ts";
import { type Declared, fullName, type ParsedFile } from "../declared.ts";

export interface DeclaredTree {
  /** Sorted by path. */
  readonly files: readonly ParsedFile[];
  /** Of all files, in their order, with those that repeat another's name. */
  readonly objects: readonly Declared[];
  /** Objects whose kind, namespace and name another one had before. */
  readonly repeated: readonly { readonly object: Declared; readonly first: Declared }[];
  readonly intent: Intent;
  /** The groups of the intent by namespace/name. */
  readonly groups: ReadonlyMap<string, Group>;
  /** The group that each policy refers to, as namespace/name. */
  readonly refs: ReadonlyMap<Policy, string>;
  /** Groups of which some address could not be read, by namespace/name. */
  readonly brokenGroups: ReadonlySet<string>;
  /** Part of the tree could not be read: a group that is nowhere may be there. */
  readonly mayHideGroups: boolean;
}

export const DEFAULT_GROUP = "kube-system/default";

export function groupName({ namespace, name }: { readonly namespace: string; readonly name: string }): string {
  return `${namespace}/${name}`;
}

/** Of objects declared twice the first counts, as the finding says. */
export function seeTogether(files: readonly ParsedFile[]): DeclaredTree {
  const objects = files.flatMap((file) => file.objects);
  const counting = new Map<string, Declared>();
  const repeated: DeclaredTree["repeated"][number][] = [];
  for (const object of objects) {
    const name = fullName(object.ref);
    const first = counting.get(name);
    if (first === undefined) counting.set(name, object);
    else repeated.push({ object, first });
  }
  const groups = new Map<string, Group>();
  const brokenGroups = new Set<string>();
  const refs = new Map<Policy, string>();
  for (const object of counting.values()) {
    if (object.kind === "EgressNATPolicy" && object.policy !== undefined) {
      refs.set(object.policy, groupName(object.policy.gatewayRef.value));
    }
    if (object.kind !== "NetworkGatewayGroup") continue;
    const name = groupName(object.group);
    groups.set(name, object.group);
    if (!object.whole) brokenGroups.add(name);
  }
  const cluster = objects.find((object) => object.kind === "EgressCluster")?.settings ?? DEFAULT_SETTINGS;
  const intent = { groups: [...groups.values()], policies: [...refs.keys()], cluster };
  const mayHideGroups = files.some((file) => file.mayHideGroups);
  return { files, objects, repeated, intent, groups, refs, brokenGroups, mayHideGroups };
}
