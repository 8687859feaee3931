/** Addresses and prefixes as the kernel's tools print them: one canonical form, so that equal ones are equal strings. */
import { isIPv4, isIPv6 } from "node:net";

export type Family = 4 | 6;

export const FAMILIES: readonly Family[] = [4, 6];

const WIDTH = { 4: 32, 6: 128 } as const;

/** Of an address or a prefix. */
export function familyOf(text: string): Family {
  return text.includes(":") ? 6 : 4;
}

export function ofFamily(texts: readonly string[], family: Family): readonly string[] {
  return texts.filter((text) => familyOf(text) === family);
}

export function isCanonicalAddress(text: string): boolean {
  return isIPv4(text) || (isIPv6(text) && !text.includes("%") && canonicalIPv6(text) === text);
}

/** An address whose host bits are zero, a slash, and a decimal length. */
export function isCanonicalPrefix(text: string): boolean {
  const [network = "", digits = "", ...more] = text.split("/");
  if (more.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(digits) || !isCanonicalAddress(network)) return false;
  const hostBits = WIDTH[familyOf(network)] - Number(digits);
  return hostBits >= 0 && parseAddress(network) % (1n << BigInt(hostBits)) === 0n;
}

/**
 * RFC 5952. Of the prefixes that embed IPv4, only ::ffff:0:0/96 is written with dots, as section 5 asks.
 *
 * @param text an IPv6 address in any form, without a zone
 */
export function canonicalIPv6(text: string): string {
  const mapped = /^\[::ffff:([0-9a-f]+):([0-9a-f]+)\]$/.exec(hexIPv6(text));
  if (mapped === null) return hexIPv6(text).slice(1, -1);
  const [high = 0, low = 0] = mapped.slice(1).map((group) => Number.parseInt(group, 16));
  return `::ffff:${[high >> 8, high & 0xff, low >> 8, low & 0xff].join(".")}`;
}

/** True for every address inside, of the same family. */
export function isInPrefix(ip: string, network: string, length: number): boolean {
  const family = familyOf(ip);
  if (family !== familyOf(network)) return false;
  const hostBits = BigInt(WIDTH[family] - length);
  return parseAddress(ip) >> hostBits === parseAddress(network) >> hostBits;
}

export function splitPrefix(cidr: string): { readonly address: string; readonly length: number; readonly all: number } {
  const [address = "", length] = cidr.split("/");
  const all = WIDTH[familyOf(address)];
  return { address, length: length === undefined ? all : Number(length), all };
}

/**
 * Prefixes of one family without those that lie inside another one, sorted; the length of a single address is left out,
 * as nft lists it. Interval sets refuse overlaps.
 */
export function outermostPrefixes(cidrs: readonly string[]): readonly string[] {
  const sorted = [...new Set(cidrs)]
    .map((cidr) => ({ ...splitPrefix(cidr), first: parseAddress(splitPrefix(cidr).address) }))
    .sort((a, b) => (a.first < b.first ? -1 : a.first > b.first ? 1 : a.length - b.length));
  const outermost: typeof sorted = [];
  for (const prefix of sorted) {
    const last = outermost.at(-1);
    if (last === undefined || prefix.first >= last.first + (1n << BigInt(last.all - last.length))) {
      outermost.push(prefix);
    }
  }
  return outermost.map(({ address, length, all }) => (length === all ? address : `${address}/${length}`));
}

export function parseAddress(text: string): bigint {
  if (familyOf(text) === 4) return BigInt(text.split(".").reduce((sum, part) => sum * 256 + Number(part), 0));
  const [head = [], tail = []] = hexIPv6(text)
    .slice(1, -1)
    .split("::")
    .map((half) => half.split(":").filter((group) => group !== ""));
  const zeros = Array<string>(8 - head.length - tail.length).fill("0");
  return BigInt(`0x${[...head, ...zeros, ...tail].map((group) => group.padStart(4, "0")).join("")}`);
}

/** In brackets and without dots: the URL standard's serialization, whose rules for zeros are those of RFC 5952. */
function hexIPv6(text: string): string {
  return new URL(`http://[${text}]`).hostname;
}
