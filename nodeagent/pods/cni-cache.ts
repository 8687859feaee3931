/**
 * Learns the pods' addresses from the CNI result cache, a few milliseconds after a pod's network exists. The API server
 * tells the address seconds later and the MAC address never.
 */
import { type FSWatcher, watch } from "node:fs";
import { openCniFiles } from "./cni-files.ts";
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
    read: openCniFiles(directory),
    watch(onChange, signal) {
      if (watcher !== null || signal.aborted) return;
      watcher = watchDirectory(directory, onChange, signal);
      watcher?.on("close", () => {
        watcher = null;
      });
    },
  };
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
