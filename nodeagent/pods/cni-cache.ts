/**
 * Learns the pods' addresses from the CNI result cache, a few milliseconds after a pod's network exists. The API server
 * tells the address seconds later and the MAC address never.
 */
import { type FSWatcher, watch } from "node:fs";
import { basename } from "node:path";
import { openCniFiles } from "./cni-files.ts";
import type { CniAttachment } from "./match.ts";

/** A plugin chain writes its file in one go; several pods that start together make one pass. */
const DEBOUNCE_MS = 2;

export interface CniCache {
  /** Newest first. Empty when the directory does not exist: no pod has been started yet. */
  read(): Promise<readonly CniAttachment[]>;
  /** Calls back shortly after something changed in the directory, or when it came about, until the signal aborts. */
  watch(onChange: () => void, signal: AbortSignal): void;
}

/** The container runtime makes the directory with its first pod. */
const LOOKED_FOR_EVERY_MS = 1_000;

export function openCniCache(directory: string): CniCache {
  function watchWhenThere(onChange: () => void, signal: AbortSignal): boolean {
    const watcher = watchDirectory(directory, onChange, signal);
    const again = (): void => {
      if (!signal.aborted && watchWhenThere(onChange, signal)) onChange();
    };
    if (watcher === null) setTimeout(again, LOOKED_FOR_EVERY_MS).unref();
    else watcher.on("close", again);
    return watcher !== null;
  }

  return {
    read: openCniFiles(directory),
    watch(onChange, signal) {
      watchWhenThere(onChange, signal);
    },
  };
}

function watchDirectory(directory: string, onChange: () => void, signal: AbortSignal): FSWatcher | null {
  let timer: NodeJS.Timeout | undefined;
  try {
    const watcher = watch(directory, { signal }, (event, file) => {
      // The directory itself was removed, and another may be in its place.
      if (event === "rename" && (file === null || file === basename(directory))) watcher.close();
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
