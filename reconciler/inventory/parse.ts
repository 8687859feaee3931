/** From a piece of the file to the values it holds. A value's strings may hold the piece's text in memory. */
import { boolCoreTag, FAILSAFE_SCHEMA, load, nullCoreTag, YAMLException } from "js-yaml";
import { neededLines } from "./needed.ts";
import type { Extract } from "./piece.ts";
import { InventoryProblem, type Place, PRINT_IT, placeWithin } from "./problem.ts";

/**
 * Kubernetes wants strings, true and false where a view looks. kubectl's YAML is version 1.1, js-yaml's is 1.2: what is
 * a number differs, so nothing is one.
 */
const SCHEMA = FAILSAFE_SCHEMA.withTags(nullCoreTag, boolCoreTag);

/** One value out of one or two extracts, which follow each other once the items between them are gone. */
export type Parse = (head: Extract, tail?: Extract) => unknown;

/** @throws InventoryProblem */
export function parseJson(head: Extract, tail?: Extract): unknown {
  const [text, placeOf] = join(head, tail);
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = jsonMessage(cause).replace(
      /,? (?:"|\.\.\.).* is not valid JSON$|(?: in JSON)? at position .*$/s,
      "",
    );
    throw new InventoryProblem(`not JSON: ${message}; ${PRINT_IT}`, placeOf(whereJsonBreaks(text)), { cause });
  }
}

/** @throws InventoryProblem */
export function parseYaml(head: Extract, tail?: Extract): unknown {
  const [text, placeOf] = join(head, tail);
  try {
    return load(text, { schema: SCHEMA });
  } catch (cause) {
    if (!(cause instanceof YAMLException)) throw cause;
    const scope = cause.reason.startsWith("unidentified alias") ? " within this object" : "";
    const place = placeOf(cause.mark?.position ?? 0);
    throw new InventoryProblem(`not YAML: ${cause.reason}${scope}; ${PRINT_IT}`, place, { cause });
  }
}

/** As parseYaml, without most of what no view needs. */
export function parseNeededYaml(items: Extract): unknown {
  const bytes = neededLines(items.bytes);
  if (bytes.length === items.bytes.length) return parseYaml(items);
  try {
    return load(decode({ bytes, place: items.place }), { schema: SCHEMA });
  } catch {
    return parseYaml(items); // knows the place of what is wrong
  }
}

function join(head: Extract, tail?: Extract): [text: string, placeOf: (index: number) => Place] {
  const first = decode(head);
  if (tail === undefined) return [first, (index) => placeWithin(first, index, head.place)];
  const second = decode(tail);
  return [
    first + second,
    (index) =>
      index < first.length
        ? placeWithin(first, index, head.place)
        : placeWithin(second, index - first.length, tail.place),
  ];
}

function decode({ bytes, place }: Extract): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    const text = bytes.toString();
    throw new InventoryProblem(`not UTF-8 text; ${PRINT_IT}`, placeWithin(text, text.indexOf("\uFFFD"), place), {
      cause,
    });
  }
}

const jsonMessage = (error: unknown): string => (error as SyntaxError).message;

/** V8 does not always say where. Then the error is the same for every longer beginning of the text, and for none shorter. */
function whereJsonBreaks(text: string): number {
  const fails = (length: number): string => {
    try {
      JSON.parse(text.slice(0, length));
      return "";
    } catch (error) {
      return jsonMessage(error);
    }
  };
  const position = / at position (\d+)/.exec(fails(text.length))?.[1];
  if (position !== undefined) return Number(position);
  let good = 0;
  let bad = text.length;
  while (bad - good > 1) {
    const middle = (good + bad) >>> 1;
    if (fails(middle).startsWith("Unexpected token")) bad = middle;
    else good = middle;
  }
  return good;
}
