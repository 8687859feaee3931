/** ICMP errors quote the packet that they are about: it left under the floating IP, so its source port says whose it is. */
import type { Family } from "../addresses.ts";
import type { RuleDeclaration } from "../kernel/nft/declaration.ts";
import { PORT_GROUP } from "./words.ts";

/** Those that nf_conntrack takes for errors, but redirects: these are about the way to a router of the gateway. */
export const ERRORS: Readonly<Record<Family, readonly string[]>> = {
  4: ["destination-unreachable", "time-exceeded", "parameter-problem"],
  6: ["destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem"],
};

const ICMP_HEADER_BITS = 64;
const ECHO_NUMBER_BITS = 32;
const FRAGMENT_HEADER_BITS = 64;

interface Quoted {
  /** Of the IP header. */
  readonly bits: number;
  /** Offset of the protocol's number. */
  readonly protocolBits: number;
  readonly icmp: number;
}

/** IPv4 without options (RFC 791), IPv6 without extension headers (RFC 8200). */
const QUOTED: Readonly<Record<Family, Quoted>> = {
  4: { bits: 160, protocolBits: 72, icmp: 1 },
  6: { bits: 320, protocolBits: 48, icmp: 58 },
};
const IPV6_FRAGMENT = 44;

/** @param found what is done with a packet when the node is known, and its MAC address written */
export function quotedRules(family: Family, found: string): readonly RuleDeclaration[] {
  const { bits, protocolBits, icmp } = QUOTED[family];
  const transport = ICMP_HEADER_BITS + bits;
  const protocol = at(ICMP_HEADER_BITS + protocolBits, 8);
  const plain = byNumber(protocol, icmp, transport, found);
  if (family === 4) return plain;
  // Of a datagram in pieces: the fragment header stands between.
  const isFragment = `${protocol} ${IPV6_FRAGMENT}`;
  const inner = byNumber(at(transport, 8), icmp, transport + FRAGMENT_HEADER_BITS, found);
  return [
    ...inner.map(({ text, comment }) => ({ text: `${isFragment} ${text}`, comment: `${comment}, in pieces` })),
    ...plain,
  ];
}

function byNumber(protocol: string, icmp: number, transport: number, found: string): readonly RuleDeclaration[] {
  return [
    { text: `${protocol} ${icmp} ${addressBy(transport + ECHO_NUMBER_BITS)} ${found}`, comment: "about an echo" },
    { text: `${protocol} != ${icmp} ${addressBy(transport)} ${found}`, comment: "about a packet with ports" },
  ];
}

function addressBy(offset: number): string {
  return `ether daddr set ${at(offset, 16)} & ${PORT_GROUP} map @node_of_number`;
}

/** From the beginning of the ICMP header, in bits. */
function at(offset: number, length: number): string {
  return `@th,${offset},${length}`;
}
