/**
 * Writes to `mine`, each of which the kernel refuses unless the gate is of the generation that the writer believes in:
 * nft may still be at work when the agent that started it is dead and its successor has begun.
 *
 * The check is an element that is added to a map again: the same value is no change, another one fails the transaction.
 */
import { LEASE_TABLE } from "../constants.ts";
import type { NftStep, Transaction } from "../kernel/nft/transaction.ts";
import { CONTESTED_SETS } from "./conflicts.ts";
import { generationElements, mineElements, runElements, type SetElements } from "./elements.ts";

const table = LEASE_TABLE;

/** The steps, unless the gate is of another generation by then. */
export function ifGeneration(generation: number, steps: Transaction): Transaction {
  return [...add(generationElements(generation)), ...steps];
}

/** @param seen the generation that is to be replaced */
export function beginMine(seen: number, generation: number, key: string, ips: readonly string[]): Transaction {
  return ifGeneration(seen, [
    { do: "flush", table, kind: "map", set: "generation" },
    { do: "flush", table, kind: "set", set: "key" },
    ...add(runElements(generation, key)),
    ...flush([...mineElements([]).keys(), ...CONTESTED_SETS]),
    ...add(mineElements(ips)),
  ]);
}

export function changeMine(generation: number, added: readonly string[], removed: readonly string[]): Transaction {
  return ifGeneration(generation, [
    // What was noted belongs to an earlier time of holding, when another gateway rightly had the address.
    ...(added.length === 0 ? [] : flush(CONTESTED_SETS)),
    ...add(mineElements(added)),
    // Added first: what is not there cannot be deleted. Packets never see it.
    ...add(mineElements(removed)),
    ...remove(mineElements(removed)),
  ]);
}

function flush(sets: readonly string[]): readonly NftStep[] {
  return sets.map((set) => ({ do: "flush", table, kind: "set", set }));
}

function add(sets: SetElements): readonly NftStep[] {
  return nonEmpty(sets).map(([set, elements]) => ({ do: "add-elements", table, set, elements }));
}

function remove(sets: SetElements): readonly NftStep[] {
  return nonEmpty(sets).map(([set, elements]) => ({ do: "delete-elements", table, set, elements }));
}

function nonEmpty(sets: SetElements) {
  return [...sets].filter(([, elements]) => elements.size > 0);
}
