/** The door to the connection table. */
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import { CT_MARK_OURS } from "../constants.ts";
import { createMessage, deleteMessage, markMessage, type TranslatedConnection, type Tuple } from "./ctnetlink.ts";
import { type Flow, parseFlows } from "./flows.ts";
import { sendToNetfilter } from "./netlink.ts";
import { CommandError, run, tryRun } from "./run.ts";

/** Which connections, of those that have not ended: of an egress id, or of a pod that run under an egress id. */
export type ConnectionFilter = { readonly egressId: number } | { readonly source: string; readonly egressId: number };

export interface Conntrack {
  /** Resolves with the number of entries deleted. */
  forget(filter: ConnectionFilter): Promise<number>;
  /** Connections whose mark has exactly these of our bits. */
  listMarked(family: Family, mark: number): Promise<readonly Flow[]>;
  /** @param source `null`: connections of everybody */
  list(family: Family, source: string | null): Promise<readonly Flow[]>;
  /** Sets bits in the marks of connections; one that is gone meanwhile is left out. */
  mark(tuples: readonly Tuple[], bits: number): Promise<void>;
  /** Those that are there stay as they are. */
  create(connections: readonly TranslatedConnection[]): Promise<void>;
  /** One that is gone meanwhile is left out. */
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
    list: (family, source) => listWhere(family, source === null ? [] : ["--orig-src", source]),
    listMarked: (family, mark) => listWhere(family, ["--mark", `${mark}/${CT_MARK_OURS}`]),
    mark: (tuples, bits) => sendToNetfilter(tuples.map((tuple) => markMessage(tuple, bits))),
    create: (connections) => sendToNetfilter(connections.map(createMessage)),
    delete: (tuples) => sendToNetfilter(tuples.map(deleteMessage)),
  };
}

async function listWhere(family: Family, filter: readonly string[]): Promise<readonly Flow[]> {
  return parseFlows(await run("conntrack", ["-L", "-f", `ipv${family}`, ...filter]));
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
  return [...source, "--mark", `${filter.egressId}/${CT_MARK_OURS}`];
}
