/** ICMPv6 messages of neighbour discovery as Ethernet frames. */
import { parseAddress } from "../addresses.ts";

export const ALL_NODES = "ff02::1";
const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
/** Tells the receiver that no router forwarded it (RFC 4861 section 7.1). */
const HOP_LIMIT = 255;

export interface Icmpv6 {
  readonly sourceMac: string;
  readonly source: string;
  /** A multicast address: its MAC address follows from it. */
  readonly destination: string;
  /** With an even number of bytes; the checksum is filled in. */
  readonly message: Buffer;
}

export function icmpv6Frame({ sourceMac, source, destination, message }: Icmpv6): Buffer {
  const addresses = Buffer.concat([ipv6Bytes(source), ipv6Bytes(destination)]);
  const summed = Buffer.from(message);
  // RFC 8200 section 8.1: over addresses, length and protocol too.
  summed.writeUInt16BE(checksum(addresses, Buffer.from([0, 0, 0, message.length, 0, 0, 0, ICMPV6]), message), 2);
  const ethernet = Buffer.concat([multicastMac(destination), macBytes(sourceMac), Buffer.alloc(2)]);
  ethernet.writeUInt16BE(ETHERTYPE_IPV6, 12);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT]);
  return Buffer.concat([ethernet, header, addresses, summed]);
}

export function macBytes(mac: string): Buffer {
  return Buffer.from(mac.replaceAll(":", ""), "hex");
}

export function ipv6Bytes(ip: string): Buffer {
  return Buffer.from(parseAddress(ip).toString(16).padStart(32, "0"), "hex");
}

/** RFC 2464 section 7. */
function multicastMac(group: string): Buffer {
  return Buffer.concat([Buffer.from([0x33, 0x33]), ipv6Bytes(group).subarray(12)]);
}

/** RFC 1071, over an even number of bytes. */
export function checksum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
