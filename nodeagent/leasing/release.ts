/**
 * What an agent that has stopped keeps open for its successor is given up through the witnesses: others take it over at
 * once, and not when the park has ended.
 */
import type { NodeState } from "../../policies/nodestate.ts";
import { LEASE_TABLE, OVERLAY_DEVICE, ROUTE_TABLE } from "../constants.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Log } from "../log.ts";
import type { Identity } from "../peers/identity.ts";
import type { LeaseDisk } from "./disk.ts";
import { openLeaseSession } from "./session.ts";

export interface ReleaseParts {
  /** The last that this node's agent had. */
  readonly state: NodeState;
  readonly interfaceName: string | null;
  readonly kernel: Pick<Kernel, "nft" | "ip" | "conntrack">;
  readonly disk: LeaseDisk;
  readonly identity: Identity;
  readonly nowMs: () => number;
  readonly log: Log;
}

/**
 * Resolves with the addresses that were open; they are closed now. When the witnesses do not answer within two seconds, others
 * wait for the park's end all the same.
 *
 * @throws Error with one line while an agent runs
 */
export async function releaseAddresses(parts: ReleaseParts): Promise<readonly string[]> {
  const { state, kernel } = parts;
  const { lease: order } = state;
  if (order === null || (await kernel.nft.list(LEASE_TABLE)) === null) return [];
  const place = { state, order, links: (await kernel.ip.look(OVERLAY_DEVICE, ROUTE_TABLE)).links };
  const ignore = () => {};
  const session = await openLeaseSession(
    {
      ...parts,
      ...{ node: state.node, nft: kernel.nft, conntrack: kernel.conntrack, adopted: [], inherited: [] },
      ...{ onChange: ignore, onFinding: ignore, onFailure: ignore, askReconciler: async () => [] },
    },
    place,
  );
  await session.follow(place);
  const open = session.report().pending;
  await session.stop("release");
  return open;
}
