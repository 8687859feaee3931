/** Prefixes as sets of addresses: looked up by what contains them, found within another, and cut out of one. */
import {
  type Address,
  compareAddresses,
  comparePrefixes,
  contains,
  formatPrefix,
  lastAddress,
  type Prefix,
  prefixOf,
} from "../addresses.ts";

const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

/** Values by prefix; the time to look one up does not grow with their number. */
export class PrefixMap<V> {
  /** By family and length. */
  readonly #levels = new Map<string, { readonly length: number; readonly values: Map<bigint, V> }>();
  readonly #lengths: { 4: number[]; 6: number[] } = { 4: [], 6: [] };

  constructor(entries: Iterable<readonly [Prefix, V]>) {
    for (const [{ network, length }, value] of entries) {
      const key = `${network.family}/${length}`;
      let level = this.#levels.get(key);
      if (level === undefined) {
        level = { length, values: new Map() };
        this.#levels.set(key, level);
        this.#lengths[network.family].push(length);
      }
      level.values.set(network.value, value);
    }
    for (const lengths of Object.values(this.#lengths)) lengths.sort((a, b) => b - a);
  }

  /** Of the longest prefix that contains this one, or is it. */
  longest({ network, length: atMost }: Prefix): V | undefined {
    for (const length of this.#lengths[network.family]) {
      if (length > atMost) continue;
      const { values } = this.#levels.get(`${network.family}/${length}`) as { values: Map<bigint, V> };
      const found = values.get(prefixOf(network, length).network.value);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

/** Distinct prefixes; they may nest. */
export class PrefixSet {
  readonly sorted: readonly Prefix[];
  readonly #texts: ReadonlySet<string>;
  readonly #map: PrefixMap<true>;

  constructor(prefixes: readonly Prefix[]) {
    this.sorted = prefixes.toSorted(comparePrefixes);
    this.#texts = new Set(prefixes.map(formatPrefix));
    this.#map = new PrefixMap(prefixes.map((prefix) => [prefix, true]));
  }

  has(prefix: Prefix): boolean {
    return this.#texts.has(formatPrefix(prefix));
  }

  /** One of them contains this one, or is it. */
  covers(prefix: Prefix): boolean {
    return this.#map.longest(prefix) !== undefined;
  }

  /** Those that this one contains, itself included. */
  within(prefix: Prefix): Prefix[] {
    const last = lastAddress(prefix);
    const found: Prefix[] = [];
    for (let i = this.#firstFrom(prefix.network); i < this.sorted.length; i++) {
      const candidate = this.sorted[i] as Prefix;
      if (compareAddresses(candidate.network, last) > 0) break;
      if (candidate.length >= prefix.length) found.push(candidate);
    }
    return found;
  }

  #firstFrom(address: Address): number {
    let [low, high] = [0, this.sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareAddresses((this.sorted[middle] as Prefix).network, address) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** What is left of a prefix without those that lie in it, in disjoint prefixes; lazy, since the first may be enough. */
export function* remainder(prefix: Prefix, without: readonly Prefix[]): Generator<Prefix> {
  if (without.length === 0) {
    yield prefix;
    return;
  }
  if (without.some(({ length }) => length <= prefix.length)) return;
  for (const half of halvesOf(prefix)) {
    yield* remainder(
      half,
      without.filter(({ network }) => contains(half, network)),
    );
  }
}

function halvesOf({ network, length }: Prefix): Prefix[] {
  const upper = network.value | (1n << BigInt(ADDRESS_BITS[network.family] - length - 1));
  return [
    { network, length: length + 1 },
    { network: { family: network.family, value: upper }, length: length + 1 },
  ];
}
