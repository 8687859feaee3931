/** Why an inventory cannot be used, in one line that its reader can act on. */
import { tame } from "../../policies/manifests/quote.ts";

export const PRINT_IT = "print it with `kubectl get nodes,namespaces,pods -A -o json`";

/** Both count from 1; columns are UTF-16 units, as editors count. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

export class InventoryProblem extends Error {
  readonly place: Place | undefined;

  /** @param message may quote the file. */
  constructor(message: string, place?: Place, options?: ErrorOptions) {
    super(tame(message), options);
    this.place = place;
  }
}

/** The place of `text[index]`, where `text` begins at `start`. */
export function placeWithin(text: string, index: number, start: Place): Place {
  const before = text.slice(0, index).split("\n");
  const column = (before.at(-1) ?? "").length + 1;
  return before.length === 1
    ? { line: start.line, column: start.column + column - 1 }
    : { line: start.line + before.length - 1, column };
}
