/** What one file declares, before the files are seen together. Plain data: it may be cached by path and blob id. */
import type { Finding, ObjectRef, Position } from "../findings.ts";
import type { ClusterSettings, Group, Policy } from "../intent.ts";

export interface ParsedFile {
  readonly path: string;
  /** Of this file alone, in the order found. */
  readonly findings: readonly Finding[];
  readonly objects: readonly Declared[];
  readonly switches: readonly Switch[];
  /** Part of the file could not be read and may have declared a group: what refers to groups cannot be judged then. */
  readonly mayHideGroups: boolean;
}

/** An object of ours; its reading is undefined where too little of it could be read to have an effect. */
export type Declared = { readonly ref: ObjectRef; readonly at: Position } & (
  | { readonly kind: "NetworkGatewayGroup"; readonly group: Group; readonly whole: boolean }
  | { readonly kind: "EgressNATPolicy"; readonly policy: Policy | undefined }
  | { readonly kind: "EgressCluster"; readonly settings: ClusterSettings }
);

/** `enableDataplaneV2` or `advancedNetworking` in the user cluster configuration file. */
export interface Switch {
  readonly name: SwitchName;
  readonly on: boolean;
  readonly at: Position;
}

export type SwitchName = "enableDataplaneV2" | "advancedNetworking";

/** Kind/namespace/name, or kind/name: what an object is found by. */
export function fullName({ kind, namespace, name }: ObjectRef): string {
  return namespace === undefined ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}
