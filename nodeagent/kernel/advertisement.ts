/**
 * An unsolicited neighbour advertisement as an Ethernet frame (RFC 4861 section 4.4 and 7.2.6). Built here because the
 * programs that send one (ndptool, ndsend) use the link-local address as source; ours is the address itself, so that
 * whatever gates the address gates its announcement too.
 */
import { parseAddress } from "../addresses.ts";

const ALL_NODES = "ff02::1";
/** RFC 2464 section 7: 33:33 and the last four bytes of ff02::1. */
const ALL_NODES_MAC = "333300000001";
const ETHERTYPE_IPV6 = 0x86dd;
const ICMPV6 = 58;
const NEIGHBOUR_ADVERTISEMENT = 136;
/** Caches take the new MAC address in place of the one they have. */
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER_ADDRESS = 2;
/** Tells the receiver that no router forwarded it. */
const HOP_LIMIT = 255;

export function advertisementFrame(mac: string, ip: string): Buffer {
  const address = addressBytes(ip);
  const hardware = Buffer.from(mac.replaceAll(":", ""), "hex");
  const message = Buffer.concat([Buffer.alloc(8), address, Buffer.from([TARGET_LINK_LAYER_ADDRESS, 1]), hardware]);
  message.writeUInt8(NEIGHBOUR_ADVERTISEMENT, 0);
  message.writeUInt32BE(OVERRIDE, 4);
  message.writeUInt16BE(checksum(pseudoHeader(address, message.length), message), 2);
  const ethernet = Buffer.concat([Buffer.from(ALL_NODES_MAC, "hex"), hardware, Buffer.alloc(2)]);
  ethernet.writeUInt16BE(ETHERTYPE_IPV6, 12);
  const header = Buffer.from([0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT]);
  return Buffer.concat([ethernet, header, address, addressBytes(ALL_NODES), message]);
}

/** RFC 8200 section 8.1. */
function pseudoHeader(source: Buffer, length: number): Buffer {
  return Buffer.concat([source, addressBytes(ALL_NODES), Buffer.from([0, 0, 0, length, 0, 0, 0, ICMPV6])]);
}

/** RFC 1071, over an even number of bytes. */
function checksum(...parts: readonly Buffer[]): number {
  const bytes = Buffer.concat(parts);
  let sum = 0;
  for (let offset = 0; offset < bytes.length; offset += 2) sum += bytes.readUInt16BE(offset);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}

function addressBytes(ip: string): Buffer {
  return Buffer.from(parseAddress(ip).toString(16).padStart(32, "0"), "hex");
}
