/**
 * Tells our own writes from those of others. The kernel names the process that changed nftables by its id outside of all
 * containers, which the agent does not know of its children; so our transactions are counted: each makes one generation.
 * Of devices, addresses, rules and routes nobody is named: whose news come while we write them remains open.
 */
import type { Ip } from "../kernel/ip.ts";
import type { Kernel } from "../kernel/kernel.ts";
import type { Nft } from "../kernel/nft/nft.ts";

/** How long after a write its news may come. They take milliseconds, on a busy node more. */
export const NEWS_DELAY_MS = 200;

export interface OwnWrites {
  /** The doors; what is written through them is noted. */
  readonly kernel: Kernel;
  /** Takes one transaction to be ours, if there is one whose news have not come yet. */
  claimTransaction(): boolean;
  /** Something that is not nftables is being written, or was just now. */
  readonly isWritingOther: () => boolean;
}

/** @param nowMs of a clock that only goes forward */
export function noteOwnWrites(kernel: Kernel, nowMs: () => number): OwnWrites {
  const transactions = createLedger(nowMs);
  const others = createLedger(nowMs);
  return {
    kernel: { ...kernel, nft: notingNft(kernel.nft, transactions), ip: notingIp(kernel.ip, others) },
    claimTransaction: () => transactions.claim(),
    isWritingOther: () => others.hasOpen(),
  };
}

interface Ledger {
  /** Notes a write from its beginning until its news must have come; one that failed changed nothing. */
  note<T>(write: Promise<T>): Promise<T>;
  claim(): boolean;
  hasOpen(): boolean;
}

function createLedger(nowMs: () => number): Ledger {
  const open = new Set<{ untilMs: number }>();
  const forgetOld = (): void => {
    for (const entry of open) if (entry.untilMs < nowMs()) open.delete(entry);
  };
  return {
    async note(write) {
      const entry = { untilMs: Number.POSITIVE_INFINITY };
      open.add(entry);
      try {
        const result = await write;
        entry.untilMs = nowMs() + NEWS_DELAY_MS;
        return result;
      } catch (error) {
        open.delete(entry);
        throw error;
      }
    },
    claim() {
      forgetOld();
      const [oldest] = open;
      return oldest !== undefined && open.delete(oldest);
    },
    hasOpen() {
      forgetOld();
      return open.size > 0;
    },
  };
}

function notingNft(nft: Nft, ledger: Ledger): Nft {
  return {
    list: (table) => nft.list(table),
    install: (...args) => ledger.note(nft.install(...args)),
    apply: (transaction) => ledger.note(nft.apply(transaction)),
    remove: (table) => ledger.note(nft.remove(table)),
  };
}

const READS: ReadonlySet<PropertyKey> = new Set<keyof Ip>(["look"]);

function notingIp(ip: Ip, ledger: Ledger): Ip {
  return new Proxy(ip, {
    get(target, name) {
      const method = Reflect.get(target, name) as (...args: unknown[]) => Promise<unknown>;
      return READS.has(name) ? method : (...args: unknown[]) => ledger.note(method(...args));
    },
  });
}
