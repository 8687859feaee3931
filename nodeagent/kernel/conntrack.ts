/** The door to the connection table: deleting entries, nothing else. */
import { ID_MASK } from "../constants.ts";
import { CommandError, tryRun } from "./run.ts";

/** Which connections: of a pod, of an egress id, or of a pod that run under an egress id. */
export type ConnectionFilter =
  | { readonly source: string }
  | { readonly egressId: number }
  | { readonly source: string; readonly egressId: number };

export interface Conntrack {
  /** Resolves with the number of entries deleted; IPv4. */
  forget(filter: ConnectionFilter): Promise<number>;
}

export function createConntrack(): Conntrack {
  return {
    async forget(filter) {
      const args = ["-D", "-f", "ipv4", ...filterArguments(filter)];
      const result = await tryRun("conntrack", args);
      // Exit code 1 also when nothing matched.
      const deleted = /(\d+) flow entries have been deleted/.exec(result.stderr)?.[1];
      if (deleted === undefined) throw new CommandError(["conntrack", ...args], result);
      return Number(deleted);
    },
  };
}

function filterArguments(filter: ConnectionFilter): readonly string[] {
  const source = "source" in filter ? ["--orig-src", filter.source] : [];
  const mark = "egressId" in filter ? ["--mark", `${filter.egressId}/${ID_MASK}`] : [];
  return [...source, ...mark];
}
