/**
 * Cuts JSON documents, however they follow each other, into the elements of their `items` and the rest. Only strings and
 * brackets are followed here. The pieces, parsed one by one, are the whole text but for the commas and white space
 * between items, so a text passes exactly when it is JSON.
 */
import type { Cutter, Extract, Piece } from "./piece.ts";
import { InventoryProblem, PRINT_IT } from "./problem.ts";
import { Window } from "./window.ts";

const [TAB, LF, CR, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [QUOTE, BACKSLASH, COMMA] = [0x22, 0x5c, 0x2c];
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** What precedes the list. Where a string holds these characters, a backslash stands before the first quote. */
const ITEMS_KEY = /[\s{,]"items"\s*:\s*$/;
const MAX_ITEMS_KEY_BYTES = 64;

/** Depth of brackets within the items of a document. */
const IN_ITEMS = 2;

type State = "between documents" | "head" | "first item or end" | "item" | "comma or end" | "next item" | "tail";

export class JsonCutter implements Cutter {
  readonly #window = new Window();
  #state: State = "between documents";
  #depth = 0;
  #inString = false;
  #head: Extract | undefined;

  *push(chunk: Buffer): Generator<Piece> {
    this.#window.append(chunk);
    while (this.#window.at < this.#window.bytes.length) {
      const piece = this.#step();
      if (piece !== undefined) yield piece;
    }
  }

  end(): Iterable<Piece> {
    if (this.#state === "between documents") return [];
    throw this.#problem("the file ends within a document: it was cut short");
  }

  /** Follows the text to the next change of state, or to the end of what was read. */
  #step(): Piece | undefined {
    if (this.#state === "head") return this.#throughHead();
    if (this.#state === "tail") return this.#throughTail();
    if (this.#state === "item") return this.#throughItem();
    if (!this.#skipSpace()) return undefined;
    const byte = this.#window.bytes[this.#window.at];
    if (this.#state === "between documents") this.#beginDocument(byte);
    else if (byte === CLOSE_BRACKET && this.#state !== "next item") this.#state = "tail";
    else if (this.#state === "comma or end") this.#passComma(byte);
    else this.#beginItem(byte);
    return undefined;
  }

  #beginDocument(byte: number | undefined): void {
    if (byte === OPEN_BRACKET) throw this.#problem("an array where a List is expected");
    if (byte !== OPEN_BRACE) throw this.#problem("no JSON object begins here");
    this.#state = "head";
  }

  #throughHead(): Piece | undefined {
    const stopped = this.#follow(0);
    if (stopped === OPEN_BRACKET) {
      this.#head = this.#window.cut();
      this.#state = "first item or end";
      return undefined;
    }
    return stopped === undefined ? undefined : this.#document(this.#window.cut(), undefined);
  }

  #throughTail(): Piece | undefined {
    return this.#follow(0) === undefined ? undefined : this.#document(this.#head as Extract, this.#window.cut());
  }

  #document(head: Extract, tail: Extract | undefined): Piece {
    this.#head = undefined;
    this.#state = "between documents";
    return { kind: "document", head, tail };
  }

  #throughItem(): Piece | undefined {
    if (this.#follow(IN_ITEMS) === undefined) return undefined;
    this.#state = "comma or end";
    return { kind: "items", extract: this.#window.cut() };
  }

  #passComma(byte: number | undefined): void {
    if (byte !== COMMA) throw this.#problem("neither a comma nor the list's end follows the item");
    this.#window.at++;
    this.#state = "next item";
  }

  #beginItem(byte: number | undefined): void {
    if (byte !== OPEN_BRACE) throw this.#problem("an item that is not an object");
    this.#state = "item";
  }

  /** False at the end of what was read. What is skipped belongs to no piece, or white space begins the tail. */
  #skipSpace(): boolean {
    const window = this.#window;
    for (; window.at < window.bytes.length; window.at++) {
      const byte = window.bytes[window.at];
      if (byte === LF) {
        window.line++;
        window.lineStart = window.at + 1;
      } else if (byte !== SPACE && byte !== TAB && byte !== CR) break;
    }
    window.cut();
    return window.at < window.bytes.length;
  }

  /**
   * Moves past the bracket that closes to `depth`, or past the one that opens a document's items.
   * @returns that bracket; undefined when what was read ends before.
   */
  #follow(depth: number): number | undefined {
    const window = this.#window;
    const { bytes } = window;
    const end = bytes.length;
    let stopped: number | undefined;
    let at = window.at;
    let open = this.#depth;
    let inString = this.#inString;
    while (at < end && stopped === undefined) {
      const byte = bytes[at++];
      if (inString) {
        // May step beyond the end: then the first byte of the next chunk is the escaped one.
        if (byte === BACKSLASH) at++;
        else if (byte === QUOTE) inString = false;
      } else if (byte === QUOTE) {
        inString = true;
      } else if (byte === LF) {
        window.line++;
        window.lineStart = at;
      } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
        open++;
        if (byte === OPEN_BRACKET && open === IN_ITEMS && this.#opensItems(at - 1)) stopped = byte;
      } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
        open--;
        if (open === depth) stopped = byte;
      }
    }
    window.at = at;
    this.#depth = open;
    this.#inString = inString;
    return stopped;
  }

  #opensItems(bracketAt: number): boolean {
    if (this.#state !== "head") return false;
    const before = this.#window.bytes.toString("latin1", Math.max(0, bracketAt - MAX_ITEMS_KEY_BYTES), bracketAt);
    return ITEMS_KEY.test(before);
  }

  #problem(message: string): InventoryProblem {
    return new InventoryProblem(`${message}; ${PRINT_IT}`, this.#window.place);
  }
}
