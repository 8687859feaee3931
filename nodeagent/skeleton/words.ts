/** What the tables have in common: nft's words for the two families and for our mark bits. */
import type { Family } from "../addresses.ts";
import {
  ID_MASK,
  MARK_CLIENT_TOLD,
  MARK_JUDGED,
  MARK_SERVER_TOLD,
  MARK_SNAT,
  MARK_TUNNEL,
  OVERLAY_DEVICE,
} from "../constants.ts";

interface FamilyWords {
  readonly family: Family;
  /** The protocol, as in `ip saddr`. */
  readonly ip: "ip" | "ip6";
  readonly nfproto: "ipv4" | "ipv6";
  /** Never routed, so never a policy's: link-local and multicast (RFC 3927, 5771, 4291). */
  readonly neverRouted: readonly string[];
  /** Of IP and TCP: what is left of the MTU is the segment size (RFC 6691). */
  readonly headerBytes: number;
  /** Its control protocol, as in `icmp type`. */
  readonly icmp: "icmp" | "icmpv6";
}

export const WORDS: Readonly<Record<Family, FamilyWords>> = {
  4: {
    family: 4,
    ip: "ip",
    nfproto: "ipv4",
    neverRouted: ["169.254.0.0/16", "224.0.0.0/4"],
    headerBytes: 40,
    icmp: "icmp",
  },
  6: { family: 6, ip: "ip6", nfproto: "ipv6", neverRouted: ["fe80::/10", "ff00::/8"], headerBytes: 60, icmp: "icmpv6" },
};

/** No type holds addresses of both families: each has sets and maps of its own. */
export function setName(name: string, family: Family): string {
  return family === 4 ? name : `${name}6`;
}

/** Whose headers begin with the ports, where `th dport` finds them. */
export const PORT_PROTOCOLS: readonly string[] = ["tcp", "udp", "sctp"];
/** Ports are looked up by their upper bits: no block of ports is smaller, or begins between two groups. */
export const PORT_GROUP_SIZE = 256;
export const PORT_GROUP = `0x${(0x10000 - PORT_GROUP_SIZE).toString(16)}`;

export const overlay = `"${OVERLAY_DEVICE}"`;
export const idInMark = `mark & ${hex(ID_MASK)}`;
/** Of a packet as of a connection that has ended: the role bit stands at the same place in both marks. */
export const idAndRole = `mark & ${hex(ID_MASK | MARK_TUNNEL | MARK_SNAT)}`;
export const tellServer = `ct mark set ct mark | ${hex(MARK_SERVER_TOLD)}`;
export const tellClient = `ct mark set ct mark | ${hex(MARK_CLIENT_TOLD)}`;
export const tellBoth = `ct mark set ct mark | ${hex(MARK_SERVER_TOLD | MARK_CLIENT_TOLD)}`;
export const isServerTold = `ct mark & ${hex(MARK_SERVER_TOLD)} == ${hex(MARK_SERVER_TOLD)}`;
export const judge = `meta mark set meta mark | ${hex(MARK_JUDGED)}`;
export const unjudge = `meta mark & ${hex(MARK_JUDGED)} == ${hex(MARK_JUDGED)} meta mark set meta mark & ${hex(0xffffffff - MARK_JUDGED)}`;
export const isDecided = `meta mark & ${hex(MARK_JUDGED | MARK_TUNNEL | MARK_SNAT)} != ${hex(0)}`;
export const setTunnelMark = `meta mark set meta mark | ${hex(MARK_TUNNEL)}`;
export const hasTunnelMark = `meta mark & ${hex(MARK_TUNNEL)} == ${hex(MARK_TUNNEL)}`;
export const hasEgressMark = `meta mark & ${hex(MARK_TUNNEL | MARK_SNAT)} != ${hex(0)}`;
export const hasSnatMark = `meta mark & ${hex(MARK_SNAT)} == ${hex(MARK_SNAT)}`;

function hex(mark: number): string {
  return `0x${mark.toString(16).padStart(8, "0")}`;
}
