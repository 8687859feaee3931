/** The door to nftables. */
import { hash } from "node:crypto";
import { CommandError, run, tryRun } from "../run.ts";
import { withUnnamedFile } from "../unnamed-file.ts";
import { replacementText, type TableDeclaration, type TableName } from "./declaration.ts";
import { parseListing, type TableState } from "./listing.ts";
import { type Elements, type Transaction, toJson } from "./transaction.ts";

export interface Nft {
  /** `null` when there is no such table. */
  list(table: TableName): Promise<TableState | null>;
  /** Puts the declared table, with these elements and no others, in the place of what stands there; one transaction. */
  install(declaration: TableDeclaration, elements?: ReadonlyMap<string, Elements>): Promise<void>;
  /**
   * All or nothing. Throws `CommandError`, whose `notFound` and `alreadyThere` tell the two failures apart that a
   * foreign change causes; nft does not say which step it was.
   */
  apply(transaction: Transaction): Promise<void>;
  /** Does nothing when there is no such table. */
  remove(table: TableName): Promise<void>;
}

export function createNft(): Nft {
  const seen = new Map<string, Seen>();

  /** Mostly it prints what it printed the last time: 250 pods are 100 KB of JSON, and a look every few seconds. */
  function parse({ family, name }: TableName, text: string): TableState {
    const digest = hash("sha256", text);
    const before = seen.get(`${family} ${name}`);
    if (before?.digest === digest) return before.state;
    const state = parseListing(text);
    seen.set(`${family} ${name}`, { digest, state });
    return state;
  }

  return {
    async list(table) {
      // Stateless: what packets count is no change.
      const args = ["-j", "-s", "list", "table", table.family, table.name];
      const result = await tryRun("nft", args);
      if (result.exitCode === 0) return parse(table, result.stdout);
      const error = new CommandError(["nft", ...args], result);
      if (error.notFound) return null;
      throw error;
    },
    install: (declaration, elements = new Map()) => runFile([], replacementText(declaration, elements)),
    apply: (transaction) => runFile(["-j"], JSON.stringify(toJson(transaction))),
    remove: ({ family, name }) => runFile([], `table ${family} ${name}\ndelete table ${family} ${name}\n`),
  };
}

interface Seen {
  readonly digest: string;
  readonly state: TableState;
}

/** nft 1.0.6 re-opens /dev/stdin, which fails on the sockets that Node makes of pipes: it gets a file. */
async function runFile(flags: readonly string[], text: string): Promise<void> {
  await withUnnamedFile(text, (path) => run("nft", [...flags, "-f", path]));
}
