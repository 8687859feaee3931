/**
 * Learns the pods' addresses from the CNI result cache, a few milliseconds after a pod's network exists. The API server
 * tells the address seconds later and the MAC address never.
 */
import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseCacheEntry } from "./cni-entry.ts";
import type { CniAttachment } from "./match.ts";

/** A plugin chain writes its file in one go; several pods that start together make one pass. */
const DEBOUNCE_MS = 2;

export interface CniCache {
  /** Newest first. Empty when the directory does not exist: no pod has been started yet. */
  read(): Promise<readonly CniAttachment[]>;
  /**
   * Calls back shortly after something changed in the directory, until the signal aborts. Does nothing when the
   * directory does not exist or is watched already: callers repeat it.
   */
  watch(onChange: () => void, signal: AbortSignal): void;
}

export function openCniCache(directory: string): CniCache {
  let watcher: FSWatcher | null = null;
  return {
    read: () => readCache(directory),
    watch(onChange, signal) {
      if (watcher !== null || signal.aborted) return;
      watcher = watchDirectory(directory, onChange, signal);
      watcher?.on("close", () => {
        watcher = null;
      });
    },
  };
}

async function readCache(directory: string): Promise<readonly CniAttachment[]> {
  const files = await unlessMissing(readdir(directory), []);
  const entries = await Promise.all(files.map((file) => readEntry(join(directory, file))));
  return entries.sort((a, b) => b.writtenMs - a.writtenMs).flatMap(({ attachments }) => attachments);
}

async function readEntry(
  path: string,
): Promise<{ readonly attachments: readonly CniAttachment[]; readonly writtenMs: number }> {
  const [text, stats] = await unlessMissing(Promise.all([readFile(path, "utf8"), stat(path)]), ["", null]);
  return { attachments: parseCacheEntry(text), writtenMs: stats?.mtimeMs ?? 0 };
}

/** Files come and go while they are read; folders and what may not be read are somebody else's. */
async function unlessMissing<T, Missing>(reading: Promise<T>, missing: Missing): Promise<T | Missing> {
  try {
    return await reading;
  } catch (error) {
    if (["ENOENT", "EISDIR", "EACCES"].includes((error as NodeJS.ErrnoException).code ?? "")) return missing;
    throw error;
  }
}

function watchDirectory(directory: string, onChange: () => void, signal: AbortSignal): FSWatcher | null {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(directory, { signal }, (event, file) => {
      // The directory itself was removed: the watch ends, a later call begins another.
      if (event === "rename" && file === null) watcher.close();
      clearTimeout(timer);
      timer = setTimeout(onChange, DEBOUNCE_MS);
    });
    watcher.on("error", () => watcher.close());
    watcher.on("close", () => clearTimeout(timer));
    return watcher;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}
