/** The door to the connection table: deleting entries, nothing else. */
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import { ID_MASK } from "../constants.ts";
import { CommandError, tryRun } from "./run.ts";

/** Which connections: of a pod, of an egress id, or of a pod that run under an egress id. */
export type ConnectionFilter =
  | { readonly source: string }
  | { readonly egressId: number }
  | { readonly source: string; readonly egressId: number };

export interface Conntrack {
  /** Resolves with the number of entries deleted. */
  forget(filter: ConnectionFilter): Promise<number>;
}

export function createConntrack(): Conntrack {
  return {
    async forget(filter) {
      // The tool knows one family at a time.
      const families = "source" in filter ? [familyOf(filter.source)] : FAMILIES;
      const counts = await Promise.all(families.map((family) => forgetOf(family, filter)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

async function forgetOf(family: Family, filter: ConnectionFilter): Promise<number> {
  const args = ["-D", "-f", `ipv${family}`, ...filterArguments(filter)];
  const result = await tryRun("conntrack", args);
  // Exit code 1 also when nothing matched.
  const deleted = /(\d+) flow entries have been deleted/.exec(result.stderr)?.[1];
  if (deleted === undefined) throw new CommandError(["conntrack", ...args], result);
  return Number(deleted);
}

function filterArguments(filter: ConnectionFilter): readonly string[] {
  const source = "source" in filter ? ["--orig-src", filter.source] : [];
  const mark = "egressId" in filter ? ["--mark", `${filter.egressId}/${ID_MASK}`] : [];
  return [...source, ...mark];
}
