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

/**
 * A connection as a gateway's table has it: from a source node's address in the overlay, whose port is kept, to the server.
 */
export interface TranslatedConnection {
  /** TCP or UDP. */
  readonly protocol: number;
  readonly source: string;
  readonly server: string;
  /** Of the source, and under the floating IP. */
  readonly port: number;
  readonly serverPort: number;
  readonly floatingIP: string;
  /** Of the original direction. */
  readonly zone: number;
  readonly mark: number;
  /** `null` for other protocols than TCP. */
  readonly tcpState: TcpState | null;
  readonly timeoutS: number;
}

/** As IANA numbers the protocols. */
export const TCP = 6;
export const UDP = 17;

/** In conntrack's words, those in which data may still come (linux/netfilter/nf_conntrack_tcp.h). */
const TCP_STATES = { ESTABLISHED: 3, FIN_WAIT: 4, CLOSE_WAIT: 5 } as const;
export type TcpState = keyof typeof TCP_STATES;

export function isTcpState(text: string): text is TcpState {
  return Object.hasOwn(TCP_STATES, text);
}

const SUBSYSTEM_CONNTRACK = 1;
const MESSAGE_NEW = 0;
const MESSAGE_DELETE = 2;
const FLAG_REQUEST = 1;
/** One that exists stays as it is. */
const FLAGS_CREATE = FLAG_REQUEST | 0x200 | 0x400;
const NESTED = 0x8000;
const ATTRIBUTE = {
  tupleOriginal: 1,
  tupleReply: 2,
  status: 3,
  protocolInfo: 4,
  sourceNat: 6,
  timeout: 7,
  mark: 8,
  markMask: 21,
} as const;
const TUPLE = { ip: 1, protocol: 2, zone: 3 } as const;
/** Answered, assured, confirmed (linux/netfilter/nf_conntrack_common.h). */
const STATUS_IN_USE = 2 | 4 | 8;
const TCP_INFO = { tcp: 1, state: 1, flagsOriginal: 4, flagsReply: 5 } as const;
/** The window is not known: what is outside of it is not judged. */
const BE_LIBERAL = 8;
const NAT = { 4: { least: 1, most: 2 }, 6: { least: 4, most: 5 }, protocol: 3, portLeast: 1, portMost: 2 } as const;
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

/** Nothing is created where the connection exists, or another one has its port under the floating IP. */
export function createMessage(connection: TranslatedConnection): Buffer {
  const { source, server, port, serverPort, floatingIP, mark, zone, timeoutS } = connection;
  const common = { protocol: connection.protocol, icmp: null };
  const original = { ...common, source, destination: server, sourcePort: port, destinationPort: serverPort };
  const reply = { ...common, source: server, destination: source, sourcePort: serverPort, destinationPort: port };
  const family = familyOf(source);
  return message(
    MESSAGE_NEW,
    original,
    [
      tupleAttribute(ATTRIBUTE.tupleReply, reply, family),
      attribute(ATTRIBUTE.status, uint(STATUS_IN_USE, 4)),
      ...tcpInfo(connection),
      attribute(ATTRIBUTE.sourceNat | NESTED, ...translation(floatingIP, port, family)),
      attribute(ATTRIBUTE.timeout, uint(timeoutS, 4)),
      attribute(ATTRIBUTE.mark, uint(mark, 4)),
    ],
    { flags: FLAGS_CREATE, zone },
  );
}

function tcpInfo({ tcpState }: TranslatedConnection): readonly Buffer[] {
  if (tcpState === null) return [];
  const liberal = Buffer.from([BE_LIBERAL, BE_LIBERAL]);
  const tcp = attribute(
    TCP_INFO.tcp | NESTED,
    attribute(TCP_INFO.state, uint(TCP_STATES[tcpState], 1)),
    attribute(TCP_INFO.flagsOriginal, liberal),
    attribute(TCP_INFO.flagsReply, liberal),
  );
  return [attribute(ATTRIBUTE.protocolInfo | NESTED, tcp)];
}

function translation(ip: string, port: number, family: Family): readonly Buffer[] {
  const address = addressBytes(ip, family);
  return [
    attribute(NAT[family].least, address),
    attribute(NAT[family].most, address),
    attribute(NAT.protocol | NESTED, attribute(NAT.portLeast, uint(port, 2)), attribute(NAT.portMost, uint(port, 2))),
  ];
}

function message(
  type: number,
  tuple: Tuple,
  attributes: readonly Buffer[],
  { flags, zone }: { readonly flags: number; readonly zone?: number } = { flags: FLAG_REQUEST },
): Buffer {
  const family = familyOf(tuple.source);
  const body = [
    Buffer.from([IP[family].family, 0, 0, 0]),
    tupleAttribute(ATTRIBUTE.tupleOriginal, tuple, family, zone),
    ...attributes,
  ];
  const length = 16 + body.reduce((sum, { length }) => sum + length, 0);
  const header = [native(length, 4), native((SUBSYSTEM_CONNTRACK << 8) | type, 2), native(flags, 2)];
  return Buffer.concat([...header, Buffer.alloc(8), ...body]);
}

function tupleAttribute(type: number, tuple: Tuple, family: Family, zone?: number): Buffer {
  const { source, destination } = IP[family];
  return attribute(
    type | NESTED,
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
    ...(zone === undefined ? [] : [attribute(TUPLE.zone, uint(zone, 2))]),
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
