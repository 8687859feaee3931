/**
 * nftables without a kernel. A transaction works on a copy, which takes the original's place only when every step
 * succeeded; what fails, fails with the kernel's words. The contract suite holds it to the real one.
 */
import type { TableDeclaration, TableName } from "../../nodeagent/kernel/nft/declaration.ts";
import { versionChain } from "../../nodeagent/kernel/nft/declaration.ts";
import type { Nft } from "../../nodeagent/kernel/nft/nft.ts";
import type { NftStep } from "../../nodeagent/kernel/nft/transaction.ts";
import { CommandError } from "../../nodeagent/kernel/run.ts";

interface Rule {
  readonly comment: string;
  readonly targets: readonly string[];
}

interface Table {
  readonly chains: Map<string, { hook: string | null; rules: Rule[] }>;
  readonly sets: Map<string, Map<string, string>>;
}

const NOT_FOUND = "No such file or directory";
const EXISTS = "File exists";
const BUSY = "Device or resource busy";

export function createFakeNft(): Nft {
  let tables = new Map<string, Table>();
  return {
    async list(name) {
      const table = tables.get(keyOf(name));
      if (!table) return null;
      const chains = [...table.chains].map(
        ([chain, { hook, rules }]) => [chain, { hook, rules: rules.map(({ comment }) => comment) }] as const,
      );
      return { chains: new Map(chains), sets: structuredClone(table.sets) };
    },
    async install(declaration, elements = new Map()) {
      const table = declaredTable(declaration);
      for (const [set, each] of elements) {
        applyStep(table, { do: "add-elements", table: declaration.table, set, elements: each });
      }
      tables.set(keyOf(declaration.table), table);
    },
    async apply(transaction) {
      const copy = structuredClone(tables);
      for (const step of transaction) applyStep(copy.get(keyOf(step.table)) ?? fail(NOT_FOUND), step);
      tables = copy;
    },
    async remove(name) {
      tables.delete(keyOf(name));
    },
  };
}

function keyOf({ family, name }: TableName): string {
  return `${family} ${name}`;
}

function declaredTable(declaration: TableDeclaration): Table {
  const chains = declaration.chains.map(({ name, hook, rules }) => {
    const targets = (text: string) => [...text.matchAll(/goto (\w+)/g)].map(([, target = ""]) => target);
    const declared = rules.map(({ comment, text }) => ({ comment, targets: targets(text) }));
    return [name, { hook: hook ? `${hook.type} ${hook.hook} ${hook.priority}` : null, rules: declared }] as const;
  });
  return {
    chains: new Map([[versionChain(declaration), { hook: null, rules: [] }], ...chains]),
    sets: new Map(declaration.sets.map(({ name }) => [name, new Map()])),
  };
}

function applyStep(table: Table, step: NftStep): void {
  switch (step.do) {
    case "put-chain": {
      const hook = step.hook ? `${step.hook.type} ${step.hook.hook} ${step.hook.priority}` : null;
      const rules: Rule[] = [];
      table.chains.set(step.chain, { hook: table.chains.get(step.chain)?.hook ?? hook, rules });
      for (const { comment, statements } of step.rules) {
        const targets = statements.flatMap((statement) => ("goto" in statement ? [statement.goto.target] : []));
        if (targets.some((target) => !table.chains.has(target))) fail(NOT_FOUND);
        rules.push({ comment, targets });
      }
      return;
    }
    case "delete-chain":
      if (!table.chains.has(step.chain)) fail(NOT_FOUND);
      if (isReferred(table, step.chain)) fail(BUSY);
      table.chains.delete(step.chain);
      return;
    case "flush":
      (table.sets.get(step.set) ?? fail(NOT_FOUND)).clear();
      return;
    case "add-elements": {
      const set = table.sets.get(step.set) ?? fail(NOT_FOUND);
      for (const [key, value] of step.elements) {
        const target = /^goto (.*)$/.exec(value)?.[1];
        if (target !== undefined && !table.chains.has(target)) fail(NOT_FOUND);
        if ((set.get(key) ?? value) !== value) fail(EXISTS);
        set.set(key, value);
      }
      return;
    }
    case "delete-elements": {
      const set = table.sets.get(step.set) ?? fail(NOT_FOUND);
      for (const key of step.elements.keys()) if (!set.delete(key)) fail(NOT_FOUND);
      return;
    }
    default:
      step satisfies never;
  }
}

function isReferred(table: Table, chain: string): boolean {
  const others = [...table.chains].filter(([name]) => name !== chain);
  return (
    others.some(([, { rules }]) => rules.some(({ targets }) => targets.includes(chain))) ||
    [...table.sets.values()].some((set) => [...set.values()].includes(`goto ${chain}`))
  );
}

function fail(words: string): never {
  throw new CommandError(["nft"], { exitCode: 1, stdout: "", stderr: `Error: ${words}`, missing: false });
}
