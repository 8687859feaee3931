/** Small frames as trafgen(8) reads them: what pods send, what a source node sends on, and what servers answer. */

export interface Flow {
  readonly sourceIP: string;
  readonly sourceMac: string;
  readonly sourcePort: number;
  readonly destinationIP: string;
  readonly destinationPort: number;
}

/** What a source node puts around a pod's frame. */
export interface Tunnel {
  readonly fromIP: string;
  readonly toIP: string;
  /** Of the overlay device that it is for. */
  readonly innerMac: string;
  readonly vni: number;
  readonly port: number;
}

/** Without the checksum, the shortest that Ethernet carries (IEEE 802.3). */
const FRAME_BYTES = 60;
const ETHERNET_BYTES = 14;
const IPV4_BYTES = 20;
const UDP_BYTES = 8;
const VXLAN_BYTES = 8;
const INNER_IP_BYTES = FRAME_BYTES - ETHERNET_BYTES;
/** I: there is a VNI; G: there is a group policy id (draft-smith-vxlan-group-policy). */
const VXLAN_FLAGS = 0x88;

/** @param toMac of the node */
export function podFrame(flow: Flow, toMac: string): string {
  return packet([...ethernet(toMac, flow.sourceMac), ...udp(flow)]);
}

/** @param id the egress id in the header, at most 16 bits */
export function tunnelFrame(flow: Flow, toMac: string, fromMac: string, tunnel: Tunnel, id: number): string {
  const outer = {
    sourceIP: tunnel.fromIP,
    destinationIP: tunnel.toIP,
    sourcePort: 32_768 + (flow.sourcePort & 0x3fff),
    destinationPort: tunnel.port,
  };
  return packet([
    ...ethernet(toMac, fromMac),
    ...ipv4(outer, INNER_IP_BYTES + ETHERNET_BYTES + VXLAN_BYTES + UDP_BYTES + IPV4_BYTES),
    ...udpHeader(outer, INNER_IP_BYTES + ETHERNET_BYTES + VXLAN_BYTES + UDP_BYTES),
    ...[VXLAN_FLAGS, 0, c16(id), ...bytes(tunnel.vni, 3), 0],
    ...ethernet(tunnel.innerMac, flow.sourceMac),
    ...udp(flow),
  ]);
}

function packet(parts: readonly (string | number)[]): string {
  return `{ ${parts.join(", ")} }`;
}

function ethernet(to: string, from: string) {
  return [...mac(to), ...mac(from), c16(0x0800)];
}

type Datagram = Pick<Flow, "sourceIP" | "destinationIP" | "sourcePort" | "destinationPort">;

function udp(datagram: Datagram) {
  const payloadBytes = INNER_IP_BYTES - IPV4_BYTES - UDP_BYTES;
  return [
    ...ipv4(datagram, INNER_IP_BYTES),
    ...udpHeader(datagram, INNER_IP_BYTES - IPV4_BYTES),
    `fill(0, ${payloadBytes})`,
  ];
}

function ipv4({ sourceIP, destinationIP }: Datagram, totalBytes: number) {
  const [ttl, protocol] = [64, 17];
  const addresses = [sourceIP, destinationIP].flatMap((ip) => ip.split(".").map(Number));
  const words = [0x4500, totalBytes, 0, 0, ttl * 256 + protocol, ...pairs(addresses)];
  return [...words.slice(0, 5), checksum(words), ...words.slice(5)].map(c16);
}

/** RFC 1071; trafgen's own is wrong for a header inside another packet. */
function checksum(words: readonly number[]): number {
  const sum = words.reduce((total, word) => total + word, 0);
  return ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
}

function pairs(octets: readonly number[]): readonly number[] {
  return Array.from(
    { length: octets.length / 2 },
    (_, index) => (octets[2 * index] ?? 0) * 256 + (octets[2 * index + 1] ?? 0),
  );
}

/** No checksum, which UDP over IPv4 allows. */
function udpHeader({ sourcePort, destinationPort }: Datagram, lengthBytes: number) {
  return [c16(sourcePort), c16(destinationPort), c16(lengthBytes), c16(0)];
}

function c16(number: number): string {
  return `c16(${number})`;
}

function mac(text: string): readonly string[] {
  return text.split(":").map((byte) => `0x${byte}`);
}

function bytes(number: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => (number >> (8 * (count - 1 - index))) & 0xff);
}
