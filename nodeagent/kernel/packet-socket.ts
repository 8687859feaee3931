/** How socat is told to send frames as they are: by a packet socket, since Node.js has none. */
import { endianness } from "node:os";

const AF_PACKET = 17;
const SOCK_RAW = 3;
/** What follows the family in sockaddr_ll (packet(7)): protocol 2, index 4, hardware type 2, packet type 1, length 1, address 8. */
const SOCKADDR_LL_BYTES = 18;
const INDEX_OFFSET = 2;

/**
 * socat's own INTERFACE address would have the kernel hand it every packet of the device; a socket of protocol 0 receives
 * nothing.
 *
 * @param deviceIndex of the device, in this network namespace
 */
export function packetSocket(deviceIndex: number): string {
  const address = Buffer.alloc(SOCKADDR_LL_BYTES);
  if (endianness() === "LE") address.writeUInt32LE(deviceIndex, INDEX_OFFSET);
  else address.writeUInt32BE(deviceIndex, INDEX_OFFSET);
  return `SOCKET-SENDTO:${AF_PACKET}:${SOCK_RAW}:0:x${address.toString("hex")}`;
}
