/** The Kubernetes objects of a file, one after the other as its bytes arrive. */
import { utf8Chunks } from "./encoding.ts";
import { JsonCutter } from "./json-cutter.ts";
import { type Parse, parseJson, parseNeededYaml, parseYaml } from "./parse.ts";
import { type Cutter, type Extract, MAX_PIECE_BYTES, type Piece, tooLarge } from "./piece.ts";
import { InventoryProblem, type Place, PRINT_IT } from "./problem.ts";
import { YamlCutter } from "./yaml-cutter.ts";

export type KubernetesObject = Readonly<Record<string, unknown>> & { readonly kind: string };

/** @param object from YAML: without most of the fields that no view needs. */
export type OnObject = (object: KubernetesObject, place: Place) => void;

interface Format {
  readonly cutter: Cutter;
  readonly parse: Parse;
  readonly parseItems: (items: Extract) => unknown;
}

/**
 * Reads JSON or YAML: Lists and single objects, one or more documents of them.
 * @throws InventoryProblem when any of it is something else; what precedes it was handed over already.
 */
export async function readObjects(chunks: AsyncIterable<Buffer>, onObject: OnObject): Promise<void> {
  let format: Format | undefined;
  let beginning: Buffer = Buffer.alloc(0);
  const take = (pieces: Iterable<Piece>): void => {
    for (const piece of pieces) takePiece(piece, format as Format, onObject);
  };
  for await (const chunk of utf8Chunks(chunks)) {
    beginning = format === undefined ? Buffer.concat([beginning, chunk]) : chunk;
    format ??= detectFormat(beginning);
    if (format !== undefined) take(format.cutter.push(beginning));
  }
  if (format === undefined) throw new InventoryProblem(`empty; ${PRINT_IT}`);
  take(format.cutter.end());
}

/** @returns undefined while there is only white space. */
function detectFormat(beginning: Buffer): Format | undefined {
  const first = beginning.find((byte) => byte !== 0x20 && (byte < 0x09 || byte > 0x0d));
  if (first === undefined) {
    if (beginning.length > MAX_PIECE_BYTES) throw tooLarge({ line: 1, column: 1 });
    return undefined;
  }
  return "{[".includes(String.fromCharCode(first))
    ? { cutter: new JsonCutter(), parse: parseJson, parseItems: (item) => [parseJson(item)] }
    : { cutter: new YamlCutter(), parse: parseYaml, parseItems: parseNeededYaml };
}

function takePiece(piece: Piece, format: Format, onObject: OnObject): void {
  if (piece.kind === "items") {
    const { place } = piece.extract;
    for (const item of format.parseItems(piece.extract) as unknown[]) onObject(asObject(item, "an item", place), place);
    return;
  }
  const { place } = piece.head;
  const value = format.parse(piece.head, piece.tail);
  if (value === null) return; // an empty YAML document
  const document = asObject(value, "a document", place);
  const isList = document.kind.endsWith("List");
  const items = Array.isArray(document.items) ? document.items : [];
  if (piece.tail !== undefined && (!isList || items.length > 0)) {
    throw new InventoryProblem(`not one List: kind ${document.kind} with items; ${PRINT_IT}`, place);
  }
  if (document.kind === "Table") throw new InventoryProblem(`a Table, which is for people; ${PRINT_IT}`, place);
  if (!isList) onObject(document, place);
  for (const item of items) onObject(asObject(item, "an item", place), place);
}

function asObject(value: unknown, what: string, place: Place): KubernetesObject {
  const problem = (lacks: string) => new InventoryProblem(`${what} that ${lacks}; ${PRINT_IT}`, place);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw problem("is not an object");
  const kind = Object.hasOwn(value, "kind") ? (value as { kind: unknown }).kind : undefined;
  if (typeof kind !== "string") throw problem("does not say its kind, perhaps cut short");
  if (what === "an item" && kind.endsWith("List")) throw problem("is a list itself");
  return value as KubernetesObject;
}
