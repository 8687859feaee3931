/** A file of many objects is cut into pieces that can be parsed alone, so that only one of them is in memory at a time. */
import { InventoryProblem, type Place, PRINT_IT } from "./problem.ts";

export interface Extract {
  readonly bytes: Buffer;
  /** Where it begins in the file. */
  readonly place: Place;
}

export type Piece =
  /** JSON: one element of a document's `items`. YAML: the lines of one or more elements, which are a sequence. */
  | { readonly kind: "items"; readonly extract: Extract }
  /** A document without the items that were handed over before it; `tail` is what followed them. */
  | { readonly kind: "document"; readonly head: Extract; readonly tail: Extract | undefined };

/** The pieces are the same however the bytes are divided into chunks. */
export interface Cutter {
  /**
   * @param chunk is kept and must not be written to afterwards.
   * @throws InventoryProblem
   */
  push(chunk: Buffer): Iterable<Piece>;
  /** @throws InventoryProblem when the bytes end where no document can. */
  end(): Iterable<Piece>;
}

/**
 * One object, or one document that is not laid out as kubectl does and so cannot be cut. etcd takes objects up to 1.5 MiB,
 * and kubectl's indentation makes them about three times as long.
 */
export const MAX_PIECE_BYTES = 16 * 1024 * 1024;

export function tooLarge(place: Place): InventoryProblem {
  const limit = `${MAX_PIECE_BYTES / 1024 / 1024} MiB`;
  return new InventoryProblem(`more than ${limit} that cannot be read in smaller pieces; ${PRINT_IT}`, place);
}
