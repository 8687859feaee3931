/**
 * Fragments: only the first of a datagram has ports. Where it goes is remembered for a moment, and the others follow. One
 * that comes before its first is dropped, and the datagram lost.
 */
import type { Family } from "../addresses.ts";
import type { ChainDeclaration, RuleDeclaration, SetDeclaration } from "../kernel/nft/declaration.ts";
import { setName } from "./words.ts";

/** The rest follows at once; a server may use the same number again soon. */
const REMEMBERED = "size 65535; flags dynamic,timeout; timeout 2s";

/**
 * A datagram (RFC 791, RFC 8200 section 4.5). Of an IPv6 source the first 32 bits are left out: nft 1.0.6 has room for 16
 * bytes beside a value.
 */
const KEY: Readonly<Record<Family, string>> = {
  4: "ip saddr . ip daddr . ip id",
  6: "@nh,96,96 . @nh,352,32",
};

export function fragmentSets(family: Family): readonly SetDeclaration[] {
  return [
    { name: setName("fragments", family), key: KEY[family], value: "ether daddr", dynamic: REMEMBERED },
    { name: setName("own_fragments", family), key: KEY[family], dynamic: REMEMBERED },
  ];
}

export function laterFragment(family: Family): string {
  return family === 4 ? "ip frag-off & 0x1fff != 0" : "ip6 nexthdr 44 @nh,336,16 & 0xfff8 != 0";
}

/** Of packets that are not a later one. */
export function firstFragment(family: Family): string {
  return family === 4 ? "ip frag-off & 0x2000 == 0x2000" : "ip6 nexthdr 44 @nh,336,16 & 0x0001 == 1";
}

/** Where the frame is addressed to. */
export function rememberFragments(family: Family): readonly RuleDeclaration[] {
  const entry = `@${setName("fragments", family)} { ${KEY[family]} : ether daddr }`;
  return [
    { text: `${firstFragment(family)} delete ${entry}`, comment: "of an earlier datagram with the same number" },
    { text: `${firstFragment(family)} update ${entry}`, comment: "the rest of it follows" },
  ];
}

/** They go up the stack. */
export function rememberOwn(family: Family): string {
  return `update @${setName("own_fragments", family)} { ${KEY[family]} }`;
}

export function fragmentChain(family: Family, pass: string): ChainDeclaration {
  return {
    name: setName("fragment", family),
    rules: [
      {
        text: `ether daddr set ${KEY[family]} map @${setName("fragments", family)} ${pass}`,
        comment: "where the first went",
      },
      { text: `${KEY[family]} @${setName("own_fragments", family)} return`, comment: "up the stack, as the first" },
      { text: "counter name lost_fragments drop", comment: "its first has not been seen" },
    ],
  };
}
