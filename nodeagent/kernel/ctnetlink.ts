/**
 * Messages to the connection table (linux/netfilter/nfnetlink_conntrack.h): one for each connection, by its tuple. The
 * tool `conntrack` reads the whole table for each entry it changes, and cannot choose by mark what it marks.
 */
import { endianness } from "node:os";
import { type Family, familyOf, parseAddress } from "../addresses.ts";

/** What identifies a connection: the addresses of its first packet, and the ports or what stands for them. */
export interface Tuple {
  readonly protocol: number;
  readonly source: string;
  readonly destination: string;
  /** 0 for protocols without ports. */
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of ICMP and ICMPv6 only. */
  readonly icmp: Icmp | null;
}

interface Icmp {
  readonly type: number;
  readonly code: number;
  readonly id: number;
}

const SUBSYSTEM_CONNTRACK = 1;
const MESSAGE_NEW = 0;
const MESSAGE_DELETE = 2;
const FLAG_REQUEST = 1;
const NESTED = 0x8000;
const ATTRIBUTE = { tupleOriginal: 1, mark: 8, markMask: 21 } as const;
const TUPLE = { ip: 1, protocol: 2 } as const;
const IP = { 4: { source: 1, destination: 2, family: 2 }, 6: { source: 3, destination: 4, family: 10 } } as const;
const PROTOCOL = { number: 1, sourcePort: 2, destinationPort: 3 } as const;
const ICMP = { 4: { id: 4, type: 5, code: 6 }, 6: { id: 7, type: 8, code: 9 } } as const;

/** Sets bits of the mark; the others stay. */
export function markMessage(tuple: Tuple, bits: number): Buffer {
  return message(MESSAGE_NEW, tuple, [
    attribute(ATTRIBUTE.mark, uint(bits, 4)),
    attribute(ATTRIBUTE.markMask, uint(bits, 4)),
  ]);
}

export function deleteMessage(tuple: Tuple): Buffer {
  return message(MESSAGE_DELETE, tuple, []);
}

function message(type: number, tuple: Tuple, attributes: readonly Buffer[]): Buffer {
  const family = familyOf(tuple.source);
  const body = [Buffer.from([IP[family].family, 0, 0, 0]), tupleAttribute(tuple, family), ...attributes];
  const length = 16 + body.reduce((sum, { length }) => sum + length, 0);
  const header = [native(length, 4), native((SUBSYSTEM_CONNTRACK << 8) | type, 2), native(FLAG_REQUEST, 2)];
  return Buffer.concat([...header, Buffer.alloc(8), ...body]);
}

function tupleAttribute(tuple: Tuple, family: Family): Buffer {
  const { source, destination } = IP[family];
  return attribute(
    ATTRIBUTE.tupleOriginal | NESTED,
    attribute(
      TUPLE.ip | NESTED,
      attribute(source, addressBytes(tuple.source, family)),
      attribute(destination, addressBytes(tuple.destination, family)),
    ),
    attribute(
      TUPLE.protocol | NESTED,
      attribute(PROTOCOL.number, uint(tuple.protocol, 1)),
      ...protocolAttributes(tuple, family),
    ),
  );
}

function protocolAttributes({ icmp, sourcePort, destinationPort }: Tuple, family: Family): readonly Buffer[] {
  if (icmp !== null) {
    const { id, type, code } = ICMP[family];
    return [attribute(id, uint(icmp.id, 2)), attribute(type, uint(icmp.type, 1)), attribute(code, uint(icmp.code, 1))];
  }
  return [
    attribute(PROTOCOL.sourcePort, uint(sourcePort, 2)),
    attribute(PROTOCOL.destinationPort, uint(destinationPort, 2)),
  ];
}

/** Padded to a multiple of four bytes, which its length does not count (netlink(7)). */
function attribute(type: number, ...content: readonly Buffer[]): Buffer {
  const data = Buffer.concat(content);
  return Buffer.concat([native(4 + data.length, 2), native(type, 2), data, Buffer.alloc(-data.length & 3)]);
}

export function addressBytes(ip: string, family: Family): Buffer {
  const digits = family === 4 ? 8 : 32;
  return Buffer.from(parseAddress(ip).toString(16).padStart(digits, "0"), "hex");
}

/** In network byte order. */
function uint(value: number, bytes: 1 | 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}

/** In this machine's byte order. */
function native(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  if (endianness() === "LE") buffer.writeUIntLE(value, 0, bytes);
  else buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
