/**
 * A segment that a pod's kernel answers with what it has sent and received, whatever the connection does (RFC 9293 section
 * 3.10.7.4: not acceptable, so an ACK is sent). The answer is what an ended connection is told by.
 */
import { familyOf } from "../addresses.ts";
import { PROBE_NUMBER } from "../constants.ts";
import { FRAME_BYTES } from "../gate/frames.ts";
import { addressBytes, TCP, type Tuple } from "../kernel/ctnetlink.ts";
import { checksum, macBytes } from "../kernel/icmpv6-frame.ts";

const HOP_LIMIT = 64;
const FLAG_ACK = 0x10;
const ETHERTYPE = { 4: 0x0800, 6: 0x86dd } as const;

/** As if from the server to the pod. */
export function probeFrame(flow: Tuple, sourceMac: string, podMac: string): Buffer {
  const family = familyOf(flow.source);
  const from = addressBytes(flow.destination, family);
  const to = addressBytes(flow.source, family);
  const segment = tcpSegment(flow);
  segment.writeUInt16BE(checksum(from, to, uint16(TCP), uint16(segment.length), segment), 16);
  const header = family === 4 ? ipv4Header(segment.length, from, to) : ipv6Header(segment.length, from, to);
  const frame = Buffer.concat([macBytes(podMac), macBytes(sourceMac), uint16(ETHERTYPE[family]), header, segment]);
  return Buffer.concat([frame, Buffer.alloc(FRAME_BYTES - frame.length)]);
}

/** With data: Linux limits how often it answers segments without (net.ipv4.tcp_invalid_ratelimit). */
function tcpSegment({ sourcePort, destinationPort }: Tuple): Buffer {
  const segment = Buffer.alloc(22);
  segment.writeUInt16BE(destinationPort, 0);
  segment.writeUInt16BE(sourcePort, 2);
  segment.writeUInt32BE(PROBE_NUMBER, 8);
  segment.writeUInt8(5 << 4, 12);
  segment.writeUInt8(FLAG_ACK, 13);
  return segment;
}

function ipv4Header(payloadBytes: number, from: Buffer, to: Buffer): Buffer {
  const header = Buffer.concat([Buffer.alloc(12), from, to]);
  header.writeUInt8(0x45, 0);
  header.writeUInt16BE(header.length + payloadBytes, 2);
  header.writeUInt8(HOP_LIMIT, 8);
  header.writeUInt8(TCP, 9);
  header.writeUInt16BE(checksum(header), 10);
  return header;
}

function ipv6Header(payloadBytes: number, from: Buffer, to: Buffer): Buffer {
  const header = Buffer.concat([Buffer.alloc(8), from, to]);
  header.writeUInt8(0x60, 0);
  header.writeUInt16BE(payloadBytes, 4);
  header.writeUInt8(TCP, 6);
  header.writeUInt8(HOP_LIMIT, 7);
  return header;
}

function uint16(number: number): Buffer {
  return Buffer.from([number >> 8, number & 0xff]);
}
