/**
 * Cuts YAML documents into the elements of a top-level `items:` and the rest, by lines and their indentation alone. That
 * is sound because block scalars, quoted scalars and flow collections end where the indentation of their parent does,
 * and js-yaml insists on it: a dash in the items' column begins an item, whatever was written before it. What is laid
 * out otherwise (`items: [...]`, a tag or an anchor on the list) stays in the document and is not cut.
 */
import type { Cutter, Extract, Piece } from "./piece.ts";
import { InventoryProblem, PRINT_IT } from "./problem.ts";
import { Window } from "./window.ts";

const [TAB, LF, CR, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [HASH, PERCENT, DASH, DOT] = [0x23, 0x25, 0x2d, 0x2e];

const ITEMS_LINE = /^items:[ \t]*(?:[ \t]#.*)?\r?\n?$/;
const MAX_ITEMS_LINE_BYTES = 256;

const NONE: readonly Piece[] = [];

type State = "head" | "before the first item" | "items" | "tail";

export class YamlCutter implements Cutter {
  readonly #window = new Window();
  #state: State = "head";
  /** The document has more than comments and directives. */
  #begun = false;
  /** The column of the items' dashes. */
  #itemsIndent = 0;
  #head: Extract | undefined;
  /** How many bytes of the unfinished line are known to hold no line break. */
  #searched = 0;

  *push(chunk: Buffer): Generator<Piece> {
    const window = this.#window;
    window.append(chunk);
    for (let end = this.#lineEnd(); end >= 0; end = this.#lineEnd()) {
      const complete = this.#line(end);
      if (complete.length > 0) yield* complete;
    }
  }

  *end(): Generator<Piece> {
    const { at, bytes } = this.#window;
    if (at < bytes.length) yield* this.#line(bytes.length);
    if (this.#state === "items") yield this.#lastItem();
    if (this.#begun) yield this.#document();
  }

  /** The index after the next line break, -1 while it was not read. */
  #lineEnd(): number {
    const { bytes, at } = this.#window;
    const lineBreak = bytes.indexOf(LF, at + this.#searched);
    this.#searched = lineBreak < 0 ? bytes.length - at : 0;
    return lineBreak < 0 ? -1 : lineBreak + 1;
  }

  #line(end: number): readonly Piece[] {
    const window = this.#window;
    const { bytes, at } = window;
    let textAt = at;
    while (bytes[textAt] === SPACE) textAt++;
    const first = textAt < end ? bytes[textAt] : LF;
    // A tab is never indentation: where it is a mistake, js-yaml finds it in what it is part of.
    const isContent = first !== LF && first !== CR && first !== TAB && first !== HASH;
    const complete = isContent ? this.#content(textAt - at, textAt, end) : NONE;
    window.at = end;
    window.line++;
    window.lineStart = end;
    return complete;
  }

  /** @returns the pieces that end before this line. */
  #content(indent: number, textAt: number, end: number): readonly Piece[] {
    if (this.#state === "items" && indent > this.#itemsIndent) return NONE;
    const complete: Piece[] = [];
    const isEntry = this.#isDash(textAt, end);
    if (this.#state === "before the first item") this.#enterItems(indent, isEntry);
    else if (this.#state === "items") {
      complete.push(this.#item());
      if (indent < this.#itemsIndent || !isEntry) this.#state = "tail";
    }
    const first = this.#window.bytes[textAt];
    const marker = indent === 0 && this.#isMarker(textAt, end) ? first : undefined;
    if (this.#begun && marker !== undefined) complete.push(this.#document());
    if (this.#state === "head" && this.#isItemsKey(end)) this.#state = "before the first item";
    this.#begun ||= first !== PERCENT && marker !== DOT;
    return complete;
  }

  #enterItems(indent: number, isEntry: boolean): void {
    this.#state = isEntry ? "items" : "head";
    if (!isEntry) return;
    this.#itemsIndent = indent;
    this.#head = this.#window.cut();
  }

  #item(): Piece {
    return { kind: "items", extract: this.#window.cut() };
  }

  /** kubectl prints `kind: List` after the items: a list that does not say its kind at either end is not complete. */
  #lastItem(): Piece {
    const kindComesFirst = /^kind:/m.test(this.#head?.bytes.toString("latin1") ?? "");
    if (kindComesFirst) return this.#item();
    throw new InventoryProblem(`the file ends within a list: it was cut short; ${PRINT_IT}`, this.#window.place);
  }

  #document(): Piece {
    const rest = this.#window.cut();
    const piece: Piece =
      this.#head === undefined
        ? { kind: "document", head: rest, tail: undefined }
        : { kind: "document", head: this.#head, tail: rest };
    this.#head = undefined;
    this.#state = "head";
    this.#begun = false;
    return piece;
  }

  #isDash(at: number, end: number): boolean {
    return this.#window.bytes[at] === DASH && this.#isSpace(at + 1, end);
  }

  /** `---` or `...`, which end what was open wherever they stand at the beginning of a line. */
  #isMarker(at: number, end: number): boolean {
    const { bytes } = this.#window;
    const mark = bytes[at];
    const threefold = (mark === DASH || mark === DOT) && bytes[at + 1] === mark && bytes[at + 2] === mark;
    return threefold && this.#isSpace(at + 3, end);
  }

  #isSpace(at: number, end: number): boolean {
    const byte = this.#window.bytes[at];
    return at >= end || byte === SPACE || byte === LF || byte === CR || byte === TAB;
  }

  #isItemsKey(end: number): boolean {
    const { bytes, at } = this.#window;
    return end - at <= MAX_ITEMS_LINE_BYTES && ITEMS_LINE.test(bytes.toString("latin1", at, end));
  }
}
