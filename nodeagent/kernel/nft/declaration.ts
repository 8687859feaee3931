/**
 * A table as data: what is fixed in it (sets, maps, counters, chains with their rules), rendered to native nft text.
 *
 * Everything is declared with `typeof` and no set is anonymous: nft 1.1.2 and later write user data for `type`
 * declarations and anonymous sets that crashes nft 1.1.1 and earlier (kubernetes/kubernetes#136786).
 */
import { createHash } from "node:crypto";
import type { Elements } from "./transaction.ts";

type Family = "inet" | "netdev";

export interface TableName {
  readonly family: Family;
  readonly name: string;
}

export interface SetDeclaration {
  readonly name: string;
  /** The `typeof` expression of the key. */
  readonly key: string;
  /** The `typeof` expression of the value: a map. Absent: a set. */
  readonly value?: string;
  /** Keys are prefixes. */
  readonly interval?: boolean;
  /** Further properties in nft's words. A set that packets fill has them, and its elements are not ours to compare. */
  readonly dynamic?: string;
}

export interface RuleDeclaration {
  /** In nft's words. */
  readonly text: string;
  /** Says why the rule is there, and identifies it: nft lists rules in other words than it was given. */
  readonly comment: string;
}

/** Where packets enter a chain. The policy is always `accept`: others may still drop, we never overrule them. */
export interface Hook {
  readonly type: "filter" | "nat";
  readonly hook: "prerouting" | "forward" | "postrouting" | "ingress" | "egress";
  readonly priority: number;
  readonly device?: string;
}

export interface ChainDeclaration {
  readonly name: string;
  /** Absent: the chain is only jumped to. */
  readonly hook?: Hook;
  readonly rules: readonly RuleDeclaration[];
}

export interface TableDeclaration {
  readonly table: TableName;
  readonly counters: readonly string[];
  readonly sets: readonly SetDeclaration[];
  /** A chain stands before the chain that jumps to it. */
  readonly chains: readonly ChainDeclaration[];
}

/** The empty chain that names the declaration's version: nft 1.0.6 does not list the comments of tables. */
export function versionChain(declaration: TableDeclaration): string {
  return `skeleton_${createHash("sha256").update(body(declaration)).digest("hex").slice(0, 12)}`;
}

/** One transaction that puts the declared table in the place of whatever stands there. */
export function replacementText(declaration: TableDeclaration, elements: ReadonlyMap<string, Elements>): string {
  const name = `${declaration.table.family} ${declaration.table.name}`;
  // The first line makes the deletion valid where no table is; `destroy` needs nft 1.0.8.
  const table = `table ${name}\ndelete table ${name}\ntable ${name} {\n\tchain ${versionChain(declaration)} {\n\t}\n${body(declaration)}}\n`;
  return table + [...elements].map(([set, each]) => elementsText(`${name} ${set}`, each)).join("");
}

function elementsText(set: string, elements: Elements): string {
  if (elements.size === 0) return "";
  const texts = [...elements].map(([key, value]) => (value === "" ? key : `${key} : ${value}`));
  return `add element ${set} { ${texts.join(", ")} }\n`;
}

function body(declaration: TableDeclaration): string {
  return [
    ...declaration.counters.map((counter) => `\tcounter ${counter} {\n\t}\n`),
    ...declaration.sets.map(setText),
    ...declaration.chains.map(chainText),
  ].join("");
}

function setText(set: SetDeclaration): string {
  const kind = set.value === undefined ? "set" : "map";
  const type = set.value === undefined ? set.key : `${set.key} : ${set.value}`;
  const lines = [`typeof ${type}`, ...(set.interval ? ["flags interval"] : []), ...(set.dynamic ? [set.dynamic] : [])];
  return `\t${kind} ${set.name} {\n${lines.map((line) => `\t\t${line}\n`).join("")}\t}\n`;
}

function chainText(chain: ChainDeclaration): string {
  const rules = chain.rules.map((rule) => `\t\t${rule.text} comment "${rule.comment}"\n`).join("");
  return `\tchain ${chain.name} {\n${chain.hook ? `\t\t${hookText(chain.hook)}\n` : ""}${rules}\t}\n`;
}

function hookText(hook: Hook): string {
  const device = hook.device === undefined ? "" : ` device "${hook.device}"`;
  return `type ${hook.type} hook ${hook.hook}${device} priority ${hook.priority}; policy accept;`;
}
