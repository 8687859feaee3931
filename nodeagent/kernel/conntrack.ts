/** The door to the connection table. */
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import { CT_MARK_OURS } from "../constants.ts";
import { deleteMessage, markMessage, type Tuple } from "./ctnetlink.ts";
import { type Flow, parseFlows } from "./flows.ts";
import { sendToNetfilter } from "./netlink.ts";
import { CommandError, tryRun } from "./run.ts";

/**
 * Which connections, of those that have not ended: of a pod, of an egress id, or of a pod that run under an egress id. Of
 * a pod alone: also those that have.
 */
export type ConnectionFilter =
  | { readonly source: string }
  | { readonly egressId: number }
  | { readonly source: string; readonly egressId: number };

export interface Conntrack {
  /** Resolves with the number of entries deleted. */
  forget(filter: ConnectionFilter): Promise<number>;
  /** Deletes entries whose mark has exactly these of our bits; resolves with their number. */
  forgetMarked(family: Family, mark: number): Promise<number>;
  /** @param source `null`: connections of everybody */
  list(family: Family, source: string | null): Promise<readonly Flow[]>;
  /** Sets bits in the marks of connections of one family; one that is gone meanwhile is left out. */
  mark(tuples: readonly Tuple[], bits: number): Promise<void>;
  /** Deletes entries of one family; one that is gone meanwhile is left out. */
  delete(tuples: readonly Tuple[]): Promise<void>;
}

export function createConntrack(): Conntrack {
  return {
    async forget(filter) {
      // The tool knows one family at a time.
      const families = "source" in filter ? [familyOf(filter.source)] : FAMILIES;
      const counts = await Promise.all(families.map((family) => deleteWhere(family, filterArguments(filter))));
      return counts.reduce((sum, count) => sum + count, 0);
    },
    forgetMarked: (family, mark) => deleteWhere(family, ["--mark", `${mark}/${CT_MARK_OURS}`]),
    async list(family, source) {
      const args = ["-L", "-f", `ipv${family}`, ...(source === null ? [] : ["--orig-src", source])];
      const result = await tryRun("conntrack", args);
      if (result.exitCode !== 0) throw new CommandError(["conntrack", ...args], result);
      return parseFlows(result.stdout);
    },
    mark: (tuples, bits) => sendToNetfilter(tuples.map((tuple) => markMessage(tuple, bits))),
    delete: (tuples) => sendToNetfilter(tuples.map(deleteMessage)),
  };
}

async function deleteWhere(family: Family, filter: readonly string[]): Promise<number> {
  const args = ["-D", "-f", `ipv${family}`, ...filter];
  const result = await tryRun("conntrack", args);
  // Exit code 1 also when nothing matched.
  const deleted = /(\d+) flow entries have been deleted/.exec(result.stderr)?.[1];
  if (deleted === undefined) throw new CommandError(["conntrack", ...args], result);
  return Number(deleted);
}

function filterArguments(filter: ConnectionFilter): readonly string[] {
  const source = "source" in filter ? ["--orig-src", filter.source] : [];
  const mark = "egressId" in filter ? ["--mark", `${filter.egressId}/${CT_MARK_OURS}`] : [];
  return [...source, ...mark];
}
