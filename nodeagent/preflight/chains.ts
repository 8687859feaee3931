/**
 * The chains of others, read with care: a list of all chains costs 3 ms at any size, a list of all tables or sets reads
 * every element there is (nft 1.0.6: 0.6 s and 100 MB for 100,000). Rules are read of few chains only.
 */
import {
  GATEWAY_TABLE,
  GUARD_TABLE,
  LEASE_CURTAIN_TABLE,
  LEASE_TABLE,
  MAIN_TABLE,
  SHIELD_TABLE,
} from "../constants.ts";
import { type NodeView, readJson } from "./node-view.ts";

export interface ListedChain {
  readonly family: string;
  readonly table: string;
  readonly name: string;
  readonly hook?: string;
  readonly prio?: number;
  readonly policy?: string;
}

export type Statement = Readonly<Record<string, unknown>>;

export interface ListedRule {
  readonly chain: ListedChain;
  readonly statements: readonly Statement[];
}

interface Listing {
  readonly nftables: readonly {
    readonly chain?: ListedChain;
    readonly rule?: { readonly expr?: readonly Statement[] };
  }[];
}

/** `null` when nft fails. */
export async function listChains(node: NodeView): Promise<readonly ListedChain[] | null> {
  const listing = await readJson<Listing>(node, "nft", "-j", "list", "chains");
  return listing?.nftables.flatMap(({ chain }) => chain ?? []) ?? null;
}

export const ownTables = [MAIN_TABLE, GUARD_TABLE, GATEWAY_TABLE, SHIELD_TABLE, LEASE_TABLE, LEASE_CURTAIN_TABLE];

function isOwn({ family, table }: Pick<ListedChain, "family" | "table">): boolean {
  return ownTables.some((own) => own.family === family && own.name === table);
}

export function otherTables(chains: readonly ListedChain[]): readonly string[] {
  return [...new Set(chains.filter((chain) => !isOwn(chain)).map(({ family, table }) => `${family} ${table}`))];
}

const FORWARDED = ["prerouting", "forward", "postrouting"];

/** kube-proxy's own tables are the largest there are, and the tests run beside them. */
const HARMLESS_TABLES: ReadonlySet<string> = new Set(["kube-proxy"]);

/** Of packets that pass those hooks. */
export function chainsInTheWay(
  chains: readonly ListedChain[],
  hooks: readonly string[] = FORWARDED,
): readonly ListedChain[] {
  return chains.filter(
    (chain) =>
      hooks.includes(chain.hook ?? "") &&
      ["ip", "ip6", "inet"].includes(chain.family) &&
      !isOwn(chain) &&
      !HARMLESS_TABLES.has(chain.table),
  );
}

/** `null` when nft fails. */
export async function listRules(node: NodeView, chain: ListedChain): Promise<readonly ListedRule[] | null> {
  const { family, table, name } = chain;
  const listing = await readJson<Listing>(node, "nft", "-j", "-t", "list", "chain", family, table, name);
  return listing?.nftables.flatMap(({ rule }) => (rule ? [{ chain, statements: rule.expr ?? [] }] : [])) ?? null;
}

export function chainWords({ family, table, name }: ListedChain): string {
  return `chain ${family} ${table} ${name}`;
}
