/**
 * An unsolicited neighbour advertisement as an Ethernet frame (RFC 4861 section 4.4 and 7.2.6). Built here because the
 * programs that send one (ndptool, ndsend) use the link-local address as source; ours is the address itself, so that
 * whatever gates the address gates its announcement too.
 */
import { ALL_NODES, icmpv6Frame, ipv6Bytes, macBytes } from "./icmpv6-frame.ts";

const NEIGHBOUR_ADVERTISEMENT = 136;
/** Caches take the new MAC address in place of the one they have. */
const OVERRIDE = 0x2000_0000;
const TARGET_LINK_LAYER_ADDRESS = 2;

export function advertisementFrame(mac: string, ip: string): Buffer {
  const option = Buffer.from([TARGET_LINK_LAYER_ADDRESS, 1]);
  const message = Buffer.concat([Buffer.alloc(8), ipv6Bytes(ip), option, macBytes(mac)]);
  message.writeUInt8(NEIGHBOUR_ADVERTISEMENT, 0);
  message.writeUInt32BE(OVERRIDE, 4);
  return icmpv6Frame({ sourceMac: mac, source: ip, destination: ALL_NODES, message });
}
