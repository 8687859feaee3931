import { BlockList, isIP } from "node:net";
import fc from "fast-check";
import { expect, test } from "vitest";
import {
  type Address,
  contains,
  familyOf,
  formatAddress,
  formatPrefix,
  mergePrefixes,
  type Prefix,
  parseAddress,
  parseCidr,
  prefixOf,
} from "../../policies/addresses.ts";

const canonical = (text: string) => {
  const address = parseAddress(text);
  return address && formatAddress(address);
};

test.each([
  ["192.168.1.100", "192.168.1.100"],
  ["0.0.0.0", "0.0.0.0"],
  ["255.255.255.255", "255.255.255.255"],
  ["2001:DB8:0:0:0:0:0:1", "2001:db8::1"],
  ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"], // RFC 5952 4.2.3: the first of equal runs
  ["2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"], // 4.2.2: one zero group is not shortened
  ["2001:db8::", "2001:db8::"],
  ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ["::", "::"],
  ["::1", "::1"],
  ["64:ff9b::192.0.2.33", "64:ff9b::c000:221"],
  ["::ffff:10.0.0.1", "::ffff:10.0.0.1"],
  ["0:0:0:0:0:ffff:a00:1", "::ffff:10.0.0.1"],
])("the address %s is written %s", (text, expected) => {
  expect(canonical(text)).toBe(expected);
  expect(familyOf(text)).toBe(parseAddress(text)?.family);
});

test.each([
  "",
  "1.2.3",
  "1.2.3.4.5",
  "1.2.3.04",
  "010.0.0.1",
  "1.2.3.256",
  "1.2.3.-1",
  "0x1.2.3.4",
  "1.2.3.4 ",
  "1.2.3.4\n",
  "1.2.3.4/32",
  "1..2.3",
  ":",
  ":::",
  "1::2::3",
  "1:2:3:4:5:6:7",
  "1:2:3:4:5:6:7:8:9",
  "1:2:3:4:5:6:7:8::",
  "12345::",
  "fe80::1%eth0",
  "::1.2.3.4:1",
  "1.2.3.4::",
  "::1.2.3.04",
  "g::",
])("%j is not an address", (text) => {
  expect(parseAddress(text)).toBeUndefined();
  expect(familyOf(text)).toBeUndefined();
});

test.each([
  ["8.8.8.0/24", "8.8.8.0/24"],
  ["8.8.8.8/24", "8.8.8.0/24"],
  ["0.0.0.0/0", "0.0.0.0/0"],
  ["10.0.0.1/32", "10.0.0.1/32"],
  ["2001:db8::ffff/64", "2001:db8::/64"],
  ["::/0", "::/0"],
])("the prefix %s is %s", (text, expected) => {
  const prefix = parseCidr(text);
  expect(prefix && formatPrefix(prefix)).toBe(expected);
});

test.each([
  "8.8.8.0",
  "8.8.8.0/",
  "8.8.8.0/33",
  "8.8.8.0/024",
  "8.8.8.0/2 4",
  "8.8.8.0/+8",
  "::/129",
  "/8",
  "1.2.3.4/8/8",
])("%j is not a prefix", (text) => expect(parseCidr(text)).toBeUndefined());

test.each([
  { of: [], is: [] },
  { of: ["10.0.0.0/9", "10.128.0.0/9"], is: ["10.0.0.0/8"] },
  { of: ["10.0.0.0/8", "10.1.0.0/16"], is: ["10.0.0.0/8"] },
  { of: ["10.0.1.0/24", "10.0.2.0/24"], is: ["10.0.1.0/24", "10.0.2.0/24"] },
  { of: ["10.0.0.3/32", "10.0.0.1/32", "10.0.0.2/32", "10.0.0.0/32"], is: ["10.0.0.0/30"] },
  { of: ["0.0.0.0/1", "128.0.0.0/1", "::/0"], is: ["0.0.0.0/0", "::/0"] },
])("$of is $is", ({ of, is }) => {
  expect(mergePrefixes(of.map((text) => parseCidr(text) as Prefix)).map(formatPrefix)).toEqual(is);
});

// node:net decides; it is another implementation of the same documents.
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 32n - 1n }).map((value) => ({ family: 4 as const, value })),
  fc.bigInt({ min: 0n, max: 2n ** 128n - 1n }).map((value) => ({ family: 6 as const, value })),
);
const closeAddress = fc.nat(63).map((low): Address => ({ family: 4, value: 0x0a000000n + BigInt(low) }));
const closePrefix = fc.tuple(closeAddress, fc.integer({ min: 26, max: 32 })).map(([a, length]) => prefixOf(a, length));

const ipFamily = (family: 4 | 6) => (family === 4 ? "ipv4" : "ipv6");

test("what is formatted is an address to node:net and parses back to the same value", () => {
  fc.assert(
    fc.property(anyAddress, (address) => {
      const text = formatAddress(address);
      expect(isIP(text)).toBe(address.family);
      expect(parseAddress(text)).toEqual(address);
    }),
  );
});

test("exactly the texts that node:net accepts are addresses", () => {
  const piece = fc.constantFrom(
    "0",
    "1",
    "01",
    "255",
    "256",
    "ffff",
    "FFFF",
    "12345",
    ":",
    "::",
    ".",
    "1.2.3.4",
    "%0",
    "",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 16 }).map((p) => p.join("")),
      (text) => {
        const zone = text.includes("%");
        expect(parseAddress(text)?.family ?? 0).toBe(zone ? 0 : isIP(text));
      },
    ),
    { numRuns: 5000 },
  );
  const groups = fc.array(fc.constantFrom("0", "ab", "1234"), { minLength: 6, maxLength: 9 });
  fc.assert(
    fc.property(groups, fc.constantFrom(":", "::"), fc.nat(9), (parts, separator, at) => {
      const text = `${parts.slice(0, at).join(":")}${separator}${parts.slice(at).join(":")}`;
      expect(parseAddress(text)?.family ?? 0).toBe(isIP(text));
    }),
  );
});

test("a prefix contains what a BlockList of it blocks", () => {
  const prefixAndAddress = anyAddress.chain((network) =>
    fc.tuple(
      fc.integer({ min: 0, max: network.family === 4 ? 32 : 128 }).map((length) => prefixOf(network, length)),
      fc.nat(128).map(
        (bit): Address => ({
          family: network.family,
          value: network.value ^ (bit < (network.family === 4 ? 32 : 128) ? 1n << BigInt(bit) : 0n),
        }),
      ),
    ),
  );
  fc.assert(
    fc.property(prefixAndAddress, ([prefix, address]) => {
      const list = new BlockList();
      list.addSubnet(formatAddress(prefix.network), prefix.length, ipFamily(address.family));
      expect(contains(prefix, address)).toBe(list.check(formatAddress(address), ipFamily(address.family)));
    }),
  );
});

test("merging covers the same addresses with the fewest prefixes, whatever the order", () => {
  fc.assert(
    fc.property(fc.array(closePrefix, { maxLength: 12 }), (prefixes) => {
      const merged = mergePrefixes(prefixes);
      const covered = (list: readonly Prefix[]) =>
        Array.from({ length: 64 }, (_, low) =>
          list.some((p) => contains(p, { family: 4, value: 0x0a000000n + BigInt(low) })),
        );
      expect(covered(merged)).toEqual(covered(prefixes));
      expect(mergePrefixes(prefixes.toReversed())).toEqual(merged);
      expect(merged.length).toBe(fewest(covered(prefixes)));
    }),
  );
});

/** The fewest aligned blocks that cover exactly the true entries. */
function fewest(covered: readonly boolean[]): number {
  if (covered.every((is) => is)) return 1;
  if (!covered.some((is) => is)) return 0;
  const half = covered.length / 2;
  return fewest(covered.slice(0, half)) + fewest(covered.slice(half));
}
