/**
 * Rules between objects that need only the text. Each takes all parsed files, sorted by path, and the intent built from
 * them, and says what is broken; none depends on another or on the order of the files.
 */
import type { Finding } from "../../findings.ts";
import type { Intent } from "../../intent.ts";
import type { ParsedFile } from "../declared.ts";
import { groupsRepeatDefault } from "./default-group.ts";
import { destinationsHaveEffect } from "./destinations.ts";
import { clusterIsDeclaredOnce, namesAreUnique, pathsDifferByMoreThanCase } from "./duplicates.ts";
import { floatingIPsAreUsable } from "./floating-ips.ts";
import { gatewayRefsAreUnique, gatewayRefsLead } from "./gateway-refs.ts";
import { switchesAreOn } from "./switches.ts";

export type Rule = (files: readonly ParsedFile[], intent: Intent | undefined) => readonly Finding[];

export const RULES: readonly Rule[] = [
  namesAreUnique,
  clusterIsDeclaredOnce,
  pathsDifferByMoreThanCase,
  switchesAreOn,
  floatingIPsAreUsable,
  groupsRepeatDefault,
  gatewayRefsLead,
  gatewayRefsAreUnique,
  destinationsHaveEffect,
];
