import type { Finding } from "../../findings.ts";
import type { Code } from "../codes.ts";
import type { Switch } from "../declared.ts";
import { SWITCH_NAMES } from "../switches.ts";
import type { DeclaredTree } from "./tree.ts";

/** Where a tree holds the user cluster configuration, both of its switches must be on, or nothing is applied. */
export function switchesAreOn({ files }: DeclaredTree): Finding[] {
  return files.flatMap(({ switches }) => {
    const [present] = switches;
    if (present === undefined) return [];
    const off = switches
      .filter(({ on }) => !on)
      .map((found) => {
        const message = `${found.name} is not true, so no egress NAT is applied in this cluster`;
        return finding("switch-off", found, message, `set ${found.name}: true`);
      });
    const missing = SWITCH_NAMES.filter((name) => !switches.some((found) => found.name === name));
    const lacking = missing.map((name) => {
      const message = `${name} is not set beside ${present.name}, so no egress NAT is applied in this cluster`;
      return finding("switch-off", present, message, `add ${name}: true`);
    });
    return [...off, ...lacking];
  });
}

function finding(code: Code, { at }: Switch, message: string, fix: string): Finding {
  return { code, severity: "error", message, fix, ...at };
}
