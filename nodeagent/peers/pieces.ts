/** Messages as pieces that fit into datagrams, and back. */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { PIECE_BYTES_MAX, PIECES_MAX, type Piece } from "./datagram.ts";

/** As JSON. Five thousand addresses with their owners are half of it. */
const MESSAGE_BYTES_MAX = 1 << 20;
/** Messages of one peer that are being put together at a time; the oldest goes. */
const UNFINISHED_MAX = 4;

/**
 * What does not fit into one datagram is compressed first: to lose one piece is to lose the message, and addresses and
 * names repeat themselves, five to tenfold.
 *
 * @returns `null` when it is too large
 */
export function toPieces(message: unknown): readonly Piece[] | null {
  const text = Buffer.from(JSON.stringify(message));
  if (text.length > MESSAGE_BYTES_MAX) return null;
  const packed = text.length > PIECE_BYTES_MAX;
  const bytes = packed ? deflateRawSync(text, { level: 1 }) : text;
  const count = Math.ceil(bytes.length / PIECE_BYTES_MAX);
  if (count > PIECES_MAX) return null;
  return Array.from({ length: count }, (_, index) => {
    const from = index * PIECE_BYTES_MAX;
    return { index, count, packed, bytes: bytes.subarray(from, from + PIECE_BYTES_MAX) };
  });
}

export interface Assembly {
  /**
   * @param number of the datagram; those of one message follow each other
   * @returns the whole message when this was the last piece that it lacked
   */
  add(number: number, piece: Piece): Whole | null;
}

interface Whole {
  readonly packed: boolean;
  readonly bytes: Uint8Array;
}

interface Unfinished {
  readonly packed: boolean;
  readonly pieces: (Uint8Array | null)[];
  missing: number;
}

export function createAssembly(): Assembly {
  const unfinished = new Map<number, Unfinished>();

  /** `null`: so many newer ones are unfinished that this one was given up. */
  function unfinishedOf(first: number, { count, packed }: Piece): Unfinished | null {
    const known = unfinished.get(first);
    if (known?.pieces.length === count && known.packed === packed) return known;
    const oldest = Math.min(...unfinished.keys());
    if (unfinished.size === UNFINISHED_MAX && first < oldest) return null;
    if (unfinished.size === UNFINISHED_MAX) unfinished.delete(oldest);
    const fresh = { packed, pieces: new Array<Uint8Array | null>(count).fill(null), missing: count };
    unfinished.set(first, fresh);
    return fresh;
  }

  return {
    add(number, piece) {
      if (piece.count === 1) return piece;
      const first = number - piece.index;
      const message = unfinishedOf(first, piece);
      if (message === null || message.pieces[piece.index] !== null) return null;
      message.pieces[piece.index] = piece.bytes;
      message.missing -= 1;
      if (message.missing > 0) return null;
      unfinished.delete(first);
      return { packed: message.packed, bytes: Buffer.concat(message.pieces.filter((bytes) => bytes !== null)) };
    },
  };
}

/** @returns `undefined` when it is no message */
export function toMessage({ packed, bytes }: Whole): unknown {
  try {
    const text = packed ? inflateRawSync(bytes, { maxOutputLength: MESSAGE_BYTES_MAX }) : bytes;
    return JSON.parse(Buffer.from(text.buffer, text.byteOffset, text.byteLength).toString());
  } catch {
    return undefined;
  }
}
