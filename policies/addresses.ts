/**
 * IP addresses and prefixes as values. Text comes in strictly and leaves in one canonical form, so that equal
 * addresses are equal strings everywhere else. `node:net` would do half of this, but the core imports no `node:` module.
 */

export type Family = 4 | 6;

export interface Address {
  readonly family: Family;
  readonly value: bigint;
}

/** `network` has all its host bits zero. */
export interface Prefix {
  readonly network: Address;
  readonly length: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** RFC 5952 section 5: prefixes known to embed IPv4 are written with dots; ::ffff:0:0/96 is the one we know. */
const IPV4_MAPPED = 0xffffn;

/**
 * IPv4 in four decimal parts without leading zeros (`010` is octal to some resolvers and decimal to others), or IPv6 in
 * any form of RFC 4291 section 2.2. No zone, no prefix length, no surrounding space. Anything else is undefined.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.includes(":")) {
    const value = parseIPv6(text);
    return value === undefined ? undefined : { family: 6, value };
  }
  const value = parseIPv4(text);
  return value === undefined ? undefined : { family: 4, value: BigInt(value) };
}

/** What `parseAddress` would say, without making anything: plans ask for every pod. */
export function familyOf(text: string): Family | undefined {
  if (text.includes(":")) return parseIPv6(text) === undefined ? undefined : 6;
  return parseIPv4(text) === undefined ? undefined : 4;
}

/**
 * An address, a slash and a decimal length without leading zeros. Host bits are cleared: whoever must tell the author
 * about them compares `formatPrefix` of the result with the text.
 */
export function parseCidr(text: string): Prefix | undefined {
  const slash = text.indexOf("/");
  const address = parseAddress(slash < 0 ? "" : text.slice(0, slash));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const length = Number(digits);
  return length > WIDTH[address.family] ? undefined : prefixOf(address, length);
}

/** What is no prefix is left out. */
export function parseCidrs(texts: readonly string[]): Prefix[] {
  return texts.flatMap((text) => parseCidr(text) ?? []);
}

/** The prefix of this length that the address lies in; without a length, the address alone (/32 or /128). */
export function prefixOf(address: Address, length: number = WIDTH[address.family]): Prefix {
  const hostBits = BigInt(WIDTH[address.family] - length);
  return { network: { family: address.family, value: (address.value >> hostBits) << hostBits }, length };
}

/** Dotted decimal, or RFC 5952. */
export function formatAddress({ family, value }: Address): string {
  if (family === 4) return formatIPv4(Number(value));
  if (value >> 32n === IPV4_MAPPED) return `::ffff:${formatIPv4(Number(value & 0xffff_ffffn))}`;
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn));
  return compressZeros(groups);
}

export function formatPrefix({ network, length }: Prefix): string {
  return `${formatAddress(network)}/${length}`;
}

/** False for an address of the other family: `::ffff:10.0.0.1` is not in `10.0.0.0/8`. */
export function contains({ network, length }: Prefix, address: Address): boolean {
  if (network.family !== address.family) return false;
  if (length === 0) return true;
  // 32 bits fit a number, which is several times faster than a bigint
  if (network.family === 4) return (Number(network.value) ^ Number(address.value)) >>> (32 - length) === 0;
  return (network.value ^ address.value) >> BigInt(128 - length) === 0n;
}

export function lastAddress({ network, length }: Prefix): Address {
  const hostBits = BigInt(WIDTH[network.family] - length);
  return { family: network.family, value: network.value | ((1n << hostBits) - 1n) };
}

/** IPv4 before IPv6, then by network, then shorter first; so a prefix comes right before those it contains. */
export function comparePrefixes(a: Prefix, b: Prefix): number {
  return compareAddresses(a.network, b.network) || a.length - b.length;
}

export function compareAddresses(a: Address, b: Address): number {
  if (a.family !== b.family) return a.family - b.family;
  return a.value < b.value ? -1 : a.value > b.value ? 1 : 0;
}

/** The fewest prefixes that cover exactly the same addresses, sorted by `comparePrefixes`. */
export function mergePrefixes(prefixes: Iterable<Prefix>): Prefix[] {
  const merged: Prefix[] = [];
  for (const prefix of [...prefixes].sort(comparePrefixes)) {
    const last = merged.at(-1);
    if (last !== undefined && contains(last, prefix.network)) continue;
    merged.push(prefix);
    joinSiblings(merged);
  }
  return merged;
}

/** Two halves of one prefix become that prefix, as often as this makes a new half. */
function joinSiblings(merged: Prefix[]): void {
  for (let right = merged.at(-1), left = merged.at(-2); right && left; right = merged.at(-1), left = merged.at(-2)) {
    if (left.length !== right.length || left.length === 0) return;
    const parent = prefixOf(left.network, left.length - 1);
    if (parent.network.value !== left.network.value || !contains(parent, right.network)) return;
    merged.splice(-2, 2, parent);
  }
}

/** Character by character: plans read the address of every pod. */
function parseIPv4(text: string): number | undefined {
  let value = 0;
  let dots = 0;
  let part: number | undefined;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return undefined;
      part = (part ?? 0) * 10 + digit;
      if (part > 255) return undefined;
    } else if (text[i] === "." && part !== undefined) {
      value = value * 256 + part;
      part = undefined;
      dots++;
    } else return undefined;
  }
  return dots === 3 && part !== undefined ? value * 256 + part : undefined;
}

function parseIPv6(text: string): bigint | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => parseGroups(half, i === halves.length - 1));
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const given = head.length + (tail?.length ?? 0);
  if (tail === undefined ? given !== 8 : given > 7) return undefined;
  const groups = [...head, ...Array<bigint>(8 - given).fill(0n), ...(tail ?? [])];
  return groups.reduce((value, group) => (value << 16n) | group, 0n);
}

/** The 16-bit groups of one side of `::`; only the very last may be written as IPv4, which makes two groups. */
function parseGroups(text: string, mayEndInIPv4: boolean): bigint[] | undefined {
  if (text === "") return [];
  const groups: bigint[] = [];
  const parts = text.split(":");
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(BigInt(`0x${part}`));
      continue;
    }
    const embedded = mayEndInIPv4 && i === parts.length - 1 ? parseIPv4(part) : undefined;
    if (embedded === undefined) return undefined;
    groups.push(BigInt(embedded >>> 16), BigInt(embedded & 0xffff));
  }
  return groups;
}

function formatIPv4(value: number): string {
  return `${value >>> 24}.${(value >>> 16) & 255}.${(value >>> 8) & 255}.${value & 255}`;
}

/** RFC 5952 section 4.2: `::` for the longest run of two or more zero groups, the first of equal ones. */
function compressZeros(groups: readonly number[]): string {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < groups.length; start++) {
    let length = 0;
    while (groups[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(":");
  if (best.length < 2) return hex(groups);
  return `${hex(groups.slice(0, best.start))}::${hex(groups.slice(best.start + best.length))}`;
}
