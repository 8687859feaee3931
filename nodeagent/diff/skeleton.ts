/** Does a table still have its fixed part, and nothing that we did not put there? */
import { isDynamicChain } from "../chains.ts";
import { CURTAIN_CHAINS } from "../curtain.ts";
import { type ChainDeclaration, type TableDeclaration, versionChain } from "../kernel/nft/declaration.ts";
import type { TableState } from "../kernel/nft/listing.ts";

/**
 * @returns why the table must be installed anew, or `null`. Rules are compared by their comments, since nft lists them in
 * other words than it was given: a rule whose text was replaced under its old comment is not noticed.
 */
export function skeletonDrift(declaration: TableDeclaration, observed: TableState | null): string | null {
  if (observed === null) return "it is missing";
  if (!observed.chains.has(versionChain(declaration))) return "it is of another version";
  const wrongChain = declaration.chains.find((chain) => !sameChain(chain, observed));
  if (wrongChain) return `chain ${wrongChain.name} was changed by somebody else`;
  const missingSet = declaration.sets.find(({ name }) => !observed.sets.has(name));
  if (missingSet) return `set ${missingSet.name} is missing`;
  const foreign = foreignObject(declaration, observed);
  return foreign === undefined ? null : `${foreign} was put there by somebody else`;
}

function sameChain(chain: ChainDeclaration, observed: TableState): boolean {
  const found = observed.chains.get(chain.name);
  const hook = chain.hook ? `${chain.hook.type} ${chain.hook.hook} ${chain.hook.priority}` : null;
  return (
    found !== undefined &&
    found.hook === hook &&
    sameList(
      found.rules,
      chain.rules.map(({ comment }) => comment),
    )
  );
}

function foreignObject(declaration: TableDeclaration, observed: TableState): string | undefined {
  const chains = new Set([versionChain(declaration), ...declaration.chains.map(({ name }) => name)]);
  const sets = new Set(declaration.sets.map(({ name }) => name));
  const chain = [...observed.chains.keys()].find(
    (name) => !chains.has(name) && !isDynamicChain(name) && !CURTAIN_CHAINS.includes(name),
  );
  if (chain !== undefined) return `chain ${chain}`;
  const set = [...observed.sets.keys()].find((name) => !sets.has(name));
  return set === undefined ? undefined : `set ${set}`;
}

export function sameList(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
