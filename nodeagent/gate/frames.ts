/**
 * The frames by which a node says that an address is here now, and asks whether it is anywhere. All of one length, so that
 * a program that is fed them as a stream knows where each ends.
 */
import { familyOf, parseAddress } from "../addresses.ts";
import { advertisementFrame } from "../kernel/advertisement.ts";
import { icmpv6Frame, ipv6Bytes, macBytes } from "../kernel/icmpv6-frame.ts";

/** An advertisement's; shorter frames are padded, as Ethernet pads them to 60. */
export const FRAME_BYTES = 86;

const ETHERTYPE_ARP = 0x0806;
const ARP_REQUEST = 1;
const ARP_REPLY = 2;
const BROADCAST_MAC = "ff:ff:ff:ff:ff:ff";
const NO_MAC = "00:00:00:00:00:00";
const NEIGHBOUR_SOLICITATION = 135;

/** IPv4: as request and as reply, since caches differ in which they heed (RFC 5227 section 3). */
export function announcementFrames(mac: string, ip: string): readonly Buffer[] {
  if (familyOf(ip) === 6) return [advertisementFrame(mac, ip)];
  return [
    arpFrame({ operation: ARP_REQUEST, mac, senderIp: ip, targetMac: NO_MAC, targetIp: ip }),
    arpFrame({ operation: ARP_REPLY, mac, senderIp: ip, targetMac: BROADCAST_MAC, targetIp: ip }),
  ];
}

/** Whoever has the address answers; nobody learns from it that we might (RFC 5227 section 2.1.1, RFC 4862 section 5.4.2). */
export function probeFrame(mac: string, ip: string): Buffer {
  if (familyOf(ip) === 6) return solicitationFrame(mac, "::", ip);
  return arpFrame({ operation: ARP_REQUEST, mac, senderIp: "0.0.0.0", targetMac: NO_MAC, targetIp: ip });
}

interface Arp {
  readonly operation: number;
  readonly mac: string;
  readonly senderIp: string;
  readonly targetMac: string;
  readonly targetIp: string;
}

/** RFC 826, to everybody. */
function arpFrame({ operation, mac, senderIp, targetMac, targetIp }: Arp): Buffer {
  const ethernet = Buffer.concat([macBytes(BROADCAST_MAC), macBytes(mac), uint16(ETHERTYPE_ARP)]);
  // Ethernet and IPv4, with addresses of 6 and 4 bytes.
  const kind = Buffer.from([0, 1, 0x08, 0x00, 6, 4, 0, operation]);
  const addresses = [macBytes(mac), ipv4Bytes(senderIp), macBytes(targetMac), ipv4Bytes(targetIp)];
  return padded(Buffer.concat([ethernet, kind, ...addresses]));
}

function solicitationFrame(mac: string, source: string, target: string): Buffer {
  const message = Buffer.concat([Buffer.alloc(8), ipv6Bytes(target)]);
  message.writeUInt8(NEIGHBOUR_SOLICITATION, 0);
  return padded(icmpv6Frame({ sourceMac: mac, source, destination: solicitedNodeGroup(target), message }));
}

/** RFC 4291 section 2.7.1. */
function solicitedNodeGroup(target: string): string {
  const [high, middle, low] = ipv6Bytes(target).subarray(13);
  return `ff02::1:ff${hex(high)}:${hex(middle)}${hex(low)}`;
}

function hex(byte = 0): string {
  return byte.toString(16).padStart(2, "0");
}

function ipv4Bytes(ip: string): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(Number(parseAddress(ip)));
  return bytes;
}

function uint16(number: number): Buffer {
  return Buffer.from([number >> 8, number & 0xff]);
}

function padded(frame: Buffer): Buffer {
  return Buffer.concat([frame, Buffer.alloc(FRAME_BYTES - frame.length)]);
}
