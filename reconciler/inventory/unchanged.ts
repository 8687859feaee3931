import type { FileHandle } from "node:fs/promises";
import { InventoryProblem } from "./problem.ts";

/**
 * What `read` makes of the file, if it is the same file afterwards: half an old and half a new one can look like a whole.
 * @throws InventoryProblem when it changed, whatever came of reading it. Pipes and the like may change.
 */
export async function whileUnchanged<T>(file: FileHandle, read: () => Promise<T>): Promise<T> {
  const before = await file.stat();
  const [outcome] = await Promise.allSettled([read()]);
  const after = await file.stat();
  if (before.isFile() && (before.size !== after.size || before.mtimeMs !== after.mtimeMs)) {
    throw new InventoryProblem("changed while it was read; write another file and rename it into place");
  }
  if (outcome.status === "rejected") throw outcome.reason;
  return outcome.value;
}
