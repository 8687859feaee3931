/**
 * Rules between objects that need only the text. None depends on another or on the order in which the files came.
 */
import type { Finding } from "../../findings.ts";
import { groupsRepeatDefault } from "./default-group.ts";
import { destinationsHaveEffect } from "./destinations.ts";
import { clusterIsDeclaredOnce, namesAreUnique, pathsDifferByMoreThanCase } from "./duplicates.ts";
import { floatingIPsAreUsable } from "./floating-ips.ts";
import { gatewayRefsAreUnique, gatewayRefsLead, groupsHaveAddresses } from "./gateway-refs.ts";
import { switchesAreOn } from "./switches.ts";
import type { DeclaredTree } from "./tree.ts";

export const RULES: readonly ((tree: DeclaredTree) => readonly Finding[])[] = [
  namesAreUnique,
  clusterIsDeclaredOnce,
  pathsDifferByMoreThanCase,
  switchesAreOn,
  floatingIPsAreUsable,
  groupsRepeatDefault,
  groupsHaveAddresses,
  gatewayRefsLead,
  gatewayRefsAreUnique,
  destinationsHaveEffect,
];
