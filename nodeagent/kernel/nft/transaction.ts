/** Changes to elements and chains, in our words, and their translation to nft's JSON. */
import type { Hook, TableName } from "./declaration.ts";
import type { NftCommand, NftExpression, NftStatement, NftVerdict } from "./json.ts";

/**
 * Elements of a set or map as text, in the form nft lists them: keys as `10.10.1.5`, `198.51.100.0/24`, `42` or
 * `10.10.1.5 . 02:00:00:00:00:01`; values as `192.168.1.100` or `goto class_1`; "" in a set.
 */
export type Elements = ReadonlyMap<string, string>;

export interface ChainRule {
  /** Unique within the chain; identifies the rule when it is read back. At most 128 characters. */
  readonly comment: string;
  readonly statements: readonly NftStatement[];
}

/** One step of a transaction. The steps take effect together or not at all. */
export type NftStep =
  /** Replaces the chain's rules. Fails with "not found" when a rule goes to a chain that does not exist. */
  | {
      readonly do: "put-chain";
      readonly table: TableName;
      readonly chain: string;
      readonly hook?: Hook;
      readonly rules: readonly ChainRule[];
    }
  /** Its rules go with it. Fails while something refers to it. */
  | { readonly do: "delete-chain"; readonly table: TableName; readonly chain: string }
  /** Deletes all elements, also those that packets added. Fails with "not found" when there is no such set or map. */
  | { readonly do: "flush"; readonly table: TableName; readonly kind: "set" | "map"; readonly set: string }
  /** Fails with "already there" when a key has another value. */
  | { readonly do: "add-elements"; readonly table: TableName; readonly set: string; readonly elements: Elements }
  /** Fails with "not found" when a key does not exist. */
  | { readonly do: "delete-elements"; readonly table: TableName; readonly set: string; readonly elements: Elements };

export type Transaction = readonly NftStep[];

export function toJson(transaction: Transaction): { readonly nftables: readonly NftCommand[] } {
  return { nftables: transaction.flatMap(commands) };
}

function commands(step: NftStep): readonly NftCommand[] {
  const inTable = { family: step.table.family, table: step.table.name };
  switch (step.do) {
    case "put-chain": {
      const chain = { ...inTable, name: step.chain };
      return [
        { add: { chain: { ...chain, ...hookJson(step.hook) } } },
        { flush: { chain } },
        ...step.rules.map(
          ({ comment, statements }): NftCommand => ({
            add: { rule: { ...inTable, chain: step.chain, comment, expr: statements } },
          }),
        ),
      ];
    }
    case "delete-chain": {
      const chain = { ...inTable, name: step.chain };
      return [{ flush: { chain } }, { delete: { chain } }];
    }
    case "flush": {
      const set = { ...inTable, name: step.set };
      return [{ flush: step.kind === "map" ? { map: set } : { set } }];
    }
    case "add-elements":
      return [{ add: { element: { ...inTable, name: step.set, elem: [...step.elements].map(elementJson) } } }];
    case "delete-elements":
      return [{ delete: { element: { ...inTable, name: step.set, elem: [...step.elements.keys()].map(keyJson) } } }];
    default:
      return step satisfies never;
  }
}

function hookJson(hook: Hook | undefined) {
  return hook && { type: hook.type, hook: hook.hook, prio: hook.priority, policy: "accept" };
}

function elementJson([key, value]: [string, string]) {
  return value === "" ? keyJson(key) : ([keyJson(key), valueJson(value)] as const);
}

function keyJson(key: string): NftExpression {
  const parts = key.split(" . ");
  return parts.length === 1 ? atomJson(key) : { concat: parts.map(atomJson) };
}

function atomJson(text: string): NftExpression {
  if (/^\d+$/.test(text)) return Number(text);
  const [addr, length] = text.split("/");
  return addr !== undefined && length !== undefined ? { prefix: { addr, len: Number(length) } } : text;
}

function valueJson(value: string): NftExpression | NftVerdict {
  if (value.startsWith("goto ")) return { goto: { target: value.slice("goto ".length) } };
  if (value === "return") return { return: null };
  return value === "drop" ? { drop: null } : atomJson(value);
}
