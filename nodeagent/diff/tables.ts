/** What separates a table from what it should hold: installation, and three transactions in their order. */
import type { Action } from "../action.ts";
import { FAMILIES } from "../addresses.ts";
import { isDynamicChain } from "../chains.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements, NftStep } from "../kernel/nft/transaction.ts";
import type { DesiredTable } from "../render.ts";
import { setName } from "../skeleton/words.ts";
import { sameList, skeletonDrift } from "./skeleton.ts";

/** The sets of floating IPs: guard them before the address is there, and until it is gone. */
const GUARDING_SETS: ReadonlySet<string> = new Set(
  FAMILIES.flatMap((family) => [setName("floating", family), setName("translated", family)]),
);

/** Where answers go: known before the address is there that they come for. */
const RETURNING_SETS: ReadonlySet<string> = new Set(["node_of_port", "node_of_number"]);

/** What leads connections where they went: kept until those that must end have been told. */
const GUIDING_SETS: ReadonlySet<string> = new Set(["ids", "gateways"]);

export interface NftChange {
  readonly step: NftStep;
  readonly says: readonly string[];
}

export interface TableDifference {
  /** The table must be installed first. */
  readonly install: Action | null;
  /** Before addresses are added. */
  readonly protect: readonly NftChange[];
  /** Redirects traffic, or ceases to. */
  readonly switchOver: readonly NftChange[];
  /** After connections were ended. */
  readonly release: readonly NftChange[];
  /**
   * After everything else. Chains go in a transaction of their own: the kernel empties a deleted chain an instant before
   * it removes the elements that lead there.
   */
  readonly sweep: readonly NftChange[];
}

export function diffTable(desired: DesiredTable, observed: TableState | null): TableDifference {
  const drift = skeletonDrift(desired.skeleton, observed);
  const first = firstElements(desired);
  const present = drift === null && observed !== null ? observed : { chains: new Map(), sets: first };
  const elementChanges = [...desired.sets].map(([set, elements]) => ({
    set,
    ...diffElements(desired, set, elements, present.sets.get(set) ?? new Map()),
  }));
  const guarding = elementChanges.filter(({ set }) => GUARDING_SETS.has(set));
  const returning = elementChanges.filter(({ set }) => RETURNING_SETS.has(set));
  const others = elementChanges.filter(({ set }) => !GUARDING_SETS.has(set) && !RETURNING_SETS.has(set));
  return {
    install: drift === null ? null : installAction(desired, drift, first),
    protect: [
      ...guarding.flatMap(({ added }) => added),
      ...returning.flatMap(({ replaced, added }) => [...replaced, ...added]),
    ],
    switchOver: [
      ...putChains(desired, present),
      ...others.flatMap(({ replaced, removed, added, set }) => [
        ...replaced,
        ...(GUIDING_SETS.has(set) ? [] : removed),
        ...added,
      ]),
    ],
    release: others.flatMap(({ set, removed }) => (GUIDING_SETS.has(set) ? removed : [])),
    sweep: [...staleChains(desired, present), ...[...guarding, ...returning].flatMap(({ removed }) => removed)],
  };
}

/** With which a table is installed: without them, guards would drop what they let pass a moment before. */
function firstElements({ sets }: DesiredTable): TableState["sets"] {
  return new Map([...sets].filter(([set]) => GUARDING_SETS.has(set)));
}

function installAction({ skeleton }: DesiredTable, drift: string, elements: TableState["sets"]): Action {
  const { family, name } = skeleton.table;
  return {
    do: "install-table",
    declaration: skeleton,
    elements,
    says: [`installed table ${family} ${name}: ${drift}`],
  };
}

function putChains(desired: DesiredTable, present: TableState): readonly NftChange[] {
  const { table } = desired.skeleton;
  return [...desired.chains].flatMap(([chain, rules]) => {
    const found = present.chains.get(chain);
    const comments = rules.map(({ comment }) => comment);
    if (found && sameList(found.rules, comments)) return [];
    return [
      {
        step: { do: "put-chain", table, chain, rules },
        says: [`${found ? "rewrote" : "added"} chain ${chain}: ${comments[0] ?? "empty"}`],
      } satisfies NftChange,
    ];
  });
}

/** Class chains lead to id chains, so they go first. */
function staleChains(desired: DesiredTable, present: TableState): readonly NftChange[] {
  const { table } = desired.skeleton;
  const stale = [...present.chains.keys()].filter((name) => isDynamicChain(name) && !desired.chains.has(name));
  const classesFirst = stale.toSorted((a, b) => Number(b.startsWith("class_")) - Number(a.startsWith("class_")));
  return classesFirst.map((chain) => ({
    step: { do: "delete-chain", table, chain },
    says: [`deleted chain ${chain}`],
  }));
}

function diffElements(desired: DesiredTable, set: string, wanted: Elements, present: Elements) {
  const { table } = desired.skeleton;
  const place = `${table.name}/${set}`;
  const fresh = new Map([...wanted].filter(([key, value]) => present.get(key) !== value));
  const superseded = new Map([...present].filter(([key]) => fresh.has(key)));
  const gone = new Map([...present].filter(([key]) => !wanted.has(key)));
  const remove = (elements: Elements, says: readonly string[]): readonly NftChange[] =>
    elements.size === 0 ? [] : [{ step: { do: "delete-elements", table, set, elements }, says }];
  const added: readonly NftChange[] =
    fresh.size === 0
      ? []
      : [
          {
            step: { do: "add-elements", table, set, elements: fresh },
            says: [...fresh].map((element) => `added ${words(element)} to ${place}`),
          },
        ];
  return {
    // A key that gets another value is named once, as added.
    replaced: remove(superseded, []),
    removed: remove(
      gone,
      [...gone].map((element) => `removed ${words(element)} from ${place}`),
    ),
    added,
  };
}

function words([key, value]: readonly [string, string]): string {
  return value === "" ? key : `${key} (${value})`;
}
