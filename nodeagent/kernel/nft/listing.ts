/** Reads what `nft -j list table` prints. Shapes that are not known make it throw: guessing would hide a difference. */
import { canonicalIPv6 } from "../../addresses.ts";
import type { Elements } from "./transaction.ts";

interface ChainState {
  /** As `filter prerouting -90`; `null`: a chain that is only jumped to. */
  readonly hook: string | null;
  /** The rules' comments in order; "" where a rule has none. */
  readonly rules: readonly string[];
}

export interface TableState {
  readonly chains: ReadonlyMap<string, ChainState>;
  /** Sets and maps. */
  readonly sets: ReadonlyMap<string, Elements>;
}

interface Listing {
  readonly nftables: readonly Readonly<Record<string, unknown>>[];
}

interface ListedChain {
  readonly name: string;
  readonly type?: string;
  readonly hook?: string;
  readonly prio?: number;
}

export function parseListing(text: string): TableState {
  const chains = new Map<string, { hook: string | null; rules: string[] }>();
  const sets = new Map<string, Elements>();
  for (const object of (JSON.parse(text) as Listing).nftables) {
    const chain = object.chain as ListedChain | undefined;
    if (chain) chains.set(chain.name, { hook: hookOf(chain), rules: [] });
    const rule = object.rule as { chain: string; comment?: string } | undefined;
    if (rule) chains.get(rule.chain)?.rules.push(rule.comment ?? "");
    const set = (object.set ?? object.map) as { name: string; elem?: readonly unknown[] } | undefined;
    if (set) sets.set(set.name, new Map((set.elem ?? []).map(element)));
  }
  return { chains, sets };
}

function hookOf(chain: ListedChain): string | null {
  return chain.hook === undefined ? null : `${chain.type} ${chain.hook} ${chain.prio}`;
}

function element(listed: unknown): [string, string] {
  return Array.isArray(listed) ? [key(listed[0]), value(listed[1])] : [key(listed), ""];
}

function key(listed: unknown): string {
  if (typeof listed === "string" || typeof listed === "number") return atom(String(listed));
  const object = listed as {
    concat?: readonly unknown[];
    prefix?: { addr: string; len: number };
    range?: readonly string[];
    elem?: { val: unknown };
  };
  if (object.concat) return object.concat.map(key).join(" . ");
  if (object.prefix) return `${atom(object.prefix.addr)}/${object.prefix.len}`;
  if (object.range) return object.range.map(atom).join("-");
  // An element with properties (a timeout, a comment).
  if (object.elem) return key(object.elem.val);
  throw new Error(`nft lists an element key of unknown shape: ${JSON.stringify(listed)}`);
}

/** The C library writes the addresses of ::/96 with dots, RFC 5952 does not. */
function atom(text: string): string {
  return /^::[0-9.]+\.[0-9]+$/.test(text) ? canonicalIPv6(text) : text;
}

function value(listed: unknown): string {
  if (typeof listed === "object" && listed !== null) {
    const [verdict, target] = Object.entries(listed)[0] ?? [];
    const chain = (target as { target?: string } | null)?.target;
    if (verdict !== undefined && verdict !== "elem") return chain === undefined ? verdict : `${verdict} ${chain}`;
  }
  return key(listed);
}
