/** IPv4 prefixes as the kernel's interval sets want them. */

/**
 * Prefixes without those that lie inside another one, sorted; a length of 32 is left out, as nft lists it. Interval
 * sets refuse overlaps.
 */
export function outermostPrefixes(cidrs: readonly string[]): readonly string[] {
  const sorted = [...new Set(cidrs)].map(parse).sort((a, b) => a.first - b.first || a.length - b.length);
  const outermost: Prefix[] = [];
  for (const prefix of sorted) {
    const last = outermost.at(-1);
    if (last === undefined || prefix.first >= last.first + 2 ** (32 - last.length)) outermost.push(prefix);
  }
  return outermost.map(({ address, length }) => (length === 32 ? address : `${address}/${length}`));
}

interface Prefix {
  readonly address: string;
  readonly first: number;
  readonly length: number;
}

function parse(cidr: string): Prefix {
  const [address = "", length = "32"] = cidr.split("/");
  return {
    address,
    first: address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0),
    length: Number(length),
  };
}
