/** The last signal applied, kept on disk: after a restart the agent converges from it, reconciler or not. */
import { mkdir, open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import type { Signal } from "../policies/nodestate.ts";
import { parseSignal } from "./shape.ts";

export interface StateFile {
  /** The signal; `null` when there is no file; one line when it cannot be used. */
  read(): Promise<Signal | string | null>;
  /** Whole or not at all, also when the power goes. */
  write(signal: Signal): Promise<void>;
}

export function openStateFile(path: string, node: string): StateFile {
  return {
    async read() {
      const text = await readText(path);
      return text === null ? null : parseSignal(text, node);
    },
    async write(signal) {
      const temporary = `${path}.new`;
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      const file = await open(temporary, "w", 0o600);
      try {
        await file.writeFile(JSON.stringify(signal));
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(temporary, path);
      await syncDirectory(dirname(path));
    },
  };
}

async function readText(path: string): Promise<string | null> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

/** The rename itself is on disk only when its directory is. */
async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
