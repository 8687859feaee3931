/** The switches of the user cluster configuration file, at its top level or under spec. */
import type { Switch, SwitchName } from "./declared.ts";
import type { Report } from "./report.ts";
import { entryOf, mappingAt } from "./scalars.ts";
import type { MappingNode, Node } from "./tree.ts";

export const SWITCH_NAMES: readonly SwitchName[] = ["enableDataplaneV2", "advancedNetworking"];

export function readSwitches(root: MappingNode, report: Report): Switch[] {
  return [root, mappingAt(root, "spec")].flatMap((mapping) =>
    SWITCH_NAMES.flatMap((name) => {
      const entry = entryOf(mapping, name);
      return entry === undefined ? [] : { name, on: isOn(entry.value), at: report.at(entry.key.offset) };
    }),
  );
}

function isOn(value: Node): boolean {
  return value.kind === "scalar" && value.plain && /^(?:true|True|TRUE)$/.test(value.text);
}
