/**
 * One datagram between two agents: 22 bytes of header, a piece of a message, 16 bytes of HMAC-SHA256. It names neither
 * sender nor receiver: the sender's address finds the key, and the key fits one sender and one receiver only.
 *
 * ```text
 * version 1 | index 1 | count 1 | packed 1 | sender's run 6 | receiver's run 6 | number 6 | piece | code 16
 * ```
 *
 * Not encrypted: what agents tell each other, ARP tells everybody. An AEAD would cost two to five times as much and break
 * when a number is used again, which a restored backup of the identity's file could bring about.
 */
import { createHmac, type KeyObject, timingSafeEqual } from "node:crypto";

const VERSION = 1;
const HEADER_BYTES = 22;
/** Half of SHA-256, as RFC 4868 has it for IPsec. */
const CODE_BYTES = 16;
const NUMBER_BYTES = 6;
/** With IPv6 and UDP headers 1,248 bytes: below 1,280, which every IPv6 path carries (RFC 8200, section 5). */
const DATAGRAM_BYTES_MAX = 1_200;

export const PIECE_BYTES_MAX = DATAGRAM_BYTES_MAX - HEADER_BYTES - CODE_BYTES;
/** Milliseconds since 1970 fit until the year 10889. */
export const RUN_MAX = 2 ** (8 * NUMBER_BYTES) - 1;
/**
 * Pieces in one message. A receiver that does not read for a moment keeps about 90 of them: net.core.rmem_default is
 * 212,992 bytes, and a datagram of this size takes 2,304.
 */
export const PIECES_MAX = 64;

/** Which piece of a message it is; `count` 0: no message at all, a greeting. */
export interface Piece {
  readonly index: number;
  readonly count: number;
  /** The message is compressed. */
  readonly packed: boolean;
  readonly bytes: Uint8Array;
}

export interface Datagram extends Piece {
  readonly senderRun: number;
  /** As the sender knows it; 0: it does not. */
  readonly receiverRun: number;
  /** Grows by one with each datagram of the sender's run to this receiver. */
  readonly number: number;
}

export function seal(key: KeyObject, datagram: Datagram): Buffer {
  const { bytes } = datagram;
  const sealed = Buffer.allocUnsafe(HEADER_BYTES + bytes.length + CODE_BYTES);
  sealed[0] = VERSION;
  sealed[1] = datagram.index;
  sealed[2] = datagram.count;
  sealed[3] = datagram.packed ? 1 : 0;
  sealed.writeUIntBE(datagram.senderRun, 4, NUMBER_BYTES);
  sealed.writeUIntBE(datagram.receiverRun, 10, NUMBER_BYTES);
  sealed.writeUIntBE(datagram.number, 16, NUMBER_BYTES);
  sealed.set(bytes, HEADER_BYTES);
  sealed.set(codeOf(key, sealed), HEADER_BYTES + bytes.length);
  return sealed;
}

/** What is in it, if it is one and the key's owner made it. */
export function unseal(key: KeyObject, sealed: Buffer): Datagram | "malformed" | "forged" {
  if (!hasShape(sealed)) return "malformed";
  if (!timingSafeEqual(codeOf(key, sealed), sealed.subarray(-CODE_BYTES))) return "forged";
  return {
    index: sealed.readUInt8(1),
    count: sealed.readUInt8(2),
    packed: sealed.readUInt8(3) === 1,
    senderRun: sealed.readUIntBE(4, NUMBER_BYTES),
    receiverRun: sealed.readUIntBE(10, NUMBER_BYTES),
    number: sealed.readUIntBE(16, NUMBER_BYTES),
    bytes: sealed.subarray(HEADER_BYTES, -CODE_BYTES),
  };
}

function hasShape(sealed: Buffer): boolean {
  if (sealed.length < HEADER_BYTES + CODE_BYTES || sealed.length > DATAGRAM_BYTES_MAX) return false;
  const [version = 0, index = 0, count = 0, packed = 0] = sealed;
  if (version !== VERSION || packed > 1 || count > PIECES_MAX) return false;
  return count === 0 ? sealed.length === HEADER_BYTES + CODE_BYTES && index === 0 : index < count;
}

/** Of all but the code itself. */
function codeOf(key: KeyObject, sealed: Buffer): Buffer {
  return createHmac("sha256", key).update(sealed.subarray(0, -CODE_BYTES)).digest().subarray(0, CODE_BYTES);
}
