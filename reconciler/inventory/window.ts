import type { Extract } from "./piece.ts";
import { MAX_PIECE_BYTES, tooLarge } from "./piece.ts";
import type { Place } from "./problem.ts";

/** The bytes from the first of an unfinished piece to the last that was read. Who moves `at` over a line break says so. */
export class Window {
  bytes: Buffer = Buffer.alloc(0);
  /** Where reading goes on. */
  at = 0;
  line = 1;
  /** Negative when the line began before `bytes`. */
  lineStart = 0;
  #begin = 0;
  #place: Place = { line: 1, column: 1 };

  /** Columns count bytes: exact after ASCII, which is all that precedes a piece in what kubectl prints. */
  get place(): Place {
    return { line: this.line, column: this.at - this.lineStart + 1 };
  }

  get isEmpty(): boolean {
    return this.#begin === this.at;
  }

  /** @throws InventoryProblem when the unfinished piece is too large. */
  append(chunk: Buffer): void {
    const rest = this.bytes.subarray(this.#begin);
    if (rest.length > MAX_PIECE_BYTES) throw tooLarge(this.#place);
    this.bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    this.at -= this.#begin;
    this.lineStart -= this.#begin;
    this.#begin = 0;
  }

  /** Takes the piece that ends before `at`; the next one begins there. */
  cut(): Extract {
    const extract = { bytes: this.bytes.subarray(this.#begin, this.at), place: this.#place };
    this.#begin = this.at;
    this.#place = this.place;
    return extract;
  }
}
