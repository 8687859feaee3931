import { type FSWatcher, watch } from "node:fs";
import { basename, dirname } from "node:path";
import type { View } from "../../policies/view.ts";
import { coalesce } from "../coalesce.ts";
import { readInventoryFile } from "./file.ts";

/** Changes to the file are gathered this long: writers touch a file several times. */
const SETTLE_MS = 20;

export interface Inventory {
  /** The last view that could be read. */
  view(): View;
  /** Why the newest state could not be read, in one line; undefined while all is well. */
  problem(): string | undefined;
  close(): void;
}

/**
 * Reads the file and follows it. A version that cannot be read changes nothing: the last view stays and `problem` says
 * why. What is unchanged from one view to the next is the same object.
 * @param onChange called after the view or the problem changed.
 * @throws as readInventory when the first read fails.
 */
export async function watchInventory(file: string, onChange: () => void): Promise<Inventory> {
  let view = await readInventoryFile(file);
  let problem: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let closed = false;
  const reads = coalesce<"changed">(async () => {
    const [viewBefore, problemBefore] = [view, problem];
    try {
      view = await readInventoryFile(file, view);
      problem = undefined;
    } catch (error) {
      problem = (error as Error).message;
    }
    if (!closed && (view !== viewBefore || problem !== problemBefore)) onChange();
  });
  // The folder is watched, not the file: writers rename a new file into place.
  const watcher: FSWatcher = watch(dirname(file), (_event, name) => {
    if (name !== basename(file)) return;
    clearTimeout(timer);
    timer = setTimeout(() => reads.trigger("changed"), SETTLE_MS);
  });
  return {
    view: () => view,
    problem: () => problem,
    close: () => {
      closed = true;
      clearTimeout(timer);
      watcher.close();
    },
  };
}
