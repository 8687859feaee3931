/**
 * A cluster described by a file: what `kubectl get nodes,namespaces,pods -A -o json` (or `-o yaml`) prints. For offline
 * plans, and for a reconciler that has no API server to ask. The file is read object by object and never held as a whole.
 */
import { open } from "node:fs/promises";
import { getSystemErrorMessage } from "node:util";
import type { View } from "../../policies/view.ts";
import { ViewCollector } from "./collect.ts";
import { readObjects } from "./objects.ts";
import { InventoryProblem } from "./problem.ts";
import { whileUnchanged } from "./unchanged.ts";

const CHUNK_BYTES = 256 * 1024;

/**
 * @param file "-" is standard input.
 * @throws Error with one line that names the file, the place where there is one, and what to do.
 */
export function readInventory(file: string): Promise<View> {
  return file === "-" ? readNamed("standard input", () => readView(process.stdin)) : readInventoryFile(file);
}

/**
 * @param previous What is unchanged since then is the same object again; with no change at all, the view is.
 * @throws as readInventory
 */
export function readInventoryFile(file: string, previous?: View): Promise<View> {
  return readNamed(file, async () => {
    await using handle = await open(file);
    return await whileUnchanged(handle, () =>
      readView(handle.createReadStream({ highWaterMark: CHUNK_BYTES, autoClose: false }), previous),
    );
  });
}

async function readView(chunks: AsyncIterable<Buffer>, previous?: View): Promise<View> {
  const collector = new ViewCollector(previous);
  await readObjects(chunks, (object, place) => collector.add(object, place));
  return collector.view();
}

async function readNamed<T>(name: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof InventoryProblem) {
      const { line, column } = cause.place ?? {};
      const place = line === undefined ? "" : `:${line}:${column}`;
      throw new Error(`${name}${place}: ${cause.message}`, { cause });
    }
    const { errno } = cause as NodeJS.ErrnoException;
    if (errno === undefined) throw cause;
    throw new Error(`${name}: ${getSystemErrorMessage(errno)}`, { cause });
  }
}
