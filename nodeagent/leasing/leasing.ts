/** The lease of this node as the agent's loop sees it: there while the state orders one. */
import type { NodeReport, NodeState } from "../../policies/nodestate.ts";
import { LEASE_CURTAIN_TABLE, LEASE_TABLE } from "../constants.ts";
import type { Link } from "../kernel/ip.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Message } from "../lease/messages.ts";
import type { Log } from "../log.ts";
import type { Identity } from "../peers/identity.ts";
import { adoptedFrom } from "./adoption.ts";
import type { LeaseDisk } from "./disk.ts";
import type { LeaseSession, openLeaseSession as OpenLeaseSession } from "./session.ts";

export interface LeasingEvents {
  /** Addresses or gateways are others now: a pass is needed, at once. */
  readonly onMoved: () => void;
  /** What is reported of the lease has changed. */
  readonly onReport: () => void;
  /** There is something that the next look at the kernel would tell. */
  readonly onFinding: () => void;
  /** Nothing may go on: the disk failed. */
  readonly onFailure: (reason: Error) => void;
  /** As a witness; resolves with what it says. */
  readonly askReconciler: (message: Message) => Promise<readonly unknown[]>;
}

export interface Leasing {
  /**
   * Before each pass. Puts the gate up where a lease is ordered, before any address is touched, and takes it away where
   * none is. Resolves with what was changed, in words.
   *
   * @param links as they are now; `null`: the state is that of the pass before, and the kernel is not looked at
   */
  follow(state: NodeState, links: readonly Link[] | null): Promise<readonly string[]>;
  /** After a pass that looked at the kernel: from then on addresses may be taken and let go as the state orders. */
  decide(state: NodeState): void;
  /** Foreign use of floating IPs, in words, as the last pass that looked at the kernel found it. */
  conflicts(): readonly string[];
  /** The state with what the lease decides at this moment; connections follow addresses that moved. */
  effective(state: NodeState): NodeState;
  report(): NodeReport["lease"];
  readonly publicKey: string;
  readonly witness: string;
  /** Leaves open what is open, for the agent's successor. */
  park(): Promise<void>;
}

export interface LeasingParts {
  readonly node: string;
  readonly interfaceName: string | null;
  readonly kernel: Pick<Kernel, "nft" | "conntrack">;
  readonly disk: LeaseDisk;
  /** Begins a run each time. */
  readonly beginRun: () => Promise<Identity>;
  readonly nowMs: () => number;
  readonly log: Log;
}

export async function openLeasing(parts: LeasingParts, events: LeasingEvents): Promise<Leasing> {
  const { kernel, disk } = parts;
  const { publicKey } = await parts.beginRun();
  let session: LeaseSession | null = null;
  let current: NodeState | null = null;
  let parting: Promise<void> = Promise.resolve();
  let used = "";
  /** A run before this one may have left it. */
  let gateMayStand = true;

  function onChange(): void {
    if (session === null || current === null) return;
    if (decisions(session.effective(current)) === used) events.onReport();
    else events.onMoved();
  }

  /** What is held stays open: the state says who holds it from now on. Witnesses that still listen are told to wait. */
  async function close(): Promise<readonly string[]> {
    const stands = gateMayStand && (await kernel.nft.list(LEASE_TABLE)) !== null;
    if (gateMayStand) for (const table of [LEASE_TABLE, LEASE_CURTAIN_TABLE]) await kernel.nft.remove(table);
    gateMayStand = false;
    if (session !== null) parting = session.stop("park");
    session = null;
    return stands ? [`removed table ${LEASE_TABLE.family} ${LEASE_TABLE.name}: no lease is ordered any more`] : [];
  }

  return {
    async follow(state, links) {
      const before = current;
      current = state;
      const { lease: order } = state;
      if (order === null) return close();
      if (links === null) return [];
      await parting;
      const place = { state, order, links };
      gateMayStand = true;
      session ??= await openSession(
        {
          ...parts,
          nft: kernel.nft,
          conntrack: kernel.conntrack,
          identity: await parts.beginRun(),
          adopted: adoptedFrom(before, state),
          inherited: before?.lease === null ? before.gateways : [],
          onChange,
          onFinding: events.onFinding,
          onFailure: events.onFailure,
          askReconciler: events.askReconciler,
        },
        place,
      );
      return session.follow(place);
    },
    decide({ lease: order }) {
      if (order !== null) session?.want(order);
    },
    conflicts: () => session?.conflicts() ?? [],
    effective(state) {
      const effective = session?.effective(state) ?? state;
      used = decisions(effective);
      session?.handOver(effective);
      return effective;
    },
    report() {
      if (session === null) return null;
      const { held, pending, witnesses, witnessesSettled } = session.report();
      return { held, pending, witnesses, witnessesSettled };
    },
    publicKey,
    witness: disk.witness,
    park: async () => {
      await parting;
      await session?.stop("park");
    },
  };
}

/** Loaded here: a node that holds nothing by lease does not carry it. */
async function openSession(...args: Parameters<typeof OpenLeaseSession>): Promise<LeaseSession> {
  const { openLeaseSession } = await import("./session.ts");
  return openLeaseSession(...args);
}

function decisions({ held, gateways }: NodeState): string {
  return JSON.stringify([held, gateways]);
}
