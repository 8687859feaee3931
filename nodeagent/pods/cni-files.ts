/** The files of the CNI result cache, read again only when they changed: a node has hundreds, and a starting pod waits. */
import type { Stats } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { parseCacheEntry } from "./cni-entry.ts";
import type { CniAttachment } from "./match.ts";

/**
 * A file that was younger when it was read is read again: it may be written once more without a trace. Kernels note times
 * to 10 ms or better, some file systems to 2 s.
 */
const SETTLED_MS = 4_000;

interface Entry {
  readonly attachments: readonly CniAttachment[];
  readonly writtenMs: number;
  /** Of the file as it was read; `null`: to be read again. */
  readonly version: string | null;
}

const NOTHING: Entry = { attachments: [], writtenMs: 0, version: null };

/** @returns reads all files of the directory, newest first; nothing when there is no directory */
export function openCniFiles(directory: string): () => Promise<readonly CniAttachment[]> {
  let known: ReadonlyMap<string, Entry> = new Map();
  return async () => {
    const files = await unlessMissing(readdir(directory), []);
    const entries = await Promise.all(
      files.map(async (file) => [file, await readEntry(join(directory, file), known.get(file))] as const),
    );
    known = new Map(entries);
    return [...known.values()].sort((a, b) => b.writtenMs - a.writtenMs).flatMap(({ attachments }) => attachments);
  };
}

async function readEntry(path: string, known: Entry | undefined): Promise<Entry> {
  const lookedMs = Date.now();
  const stats = await unlessMissing(stat(path), null);
  if (stats === null) return NOTHING;
  const version = versionOf(stats);
  if (known?.version === version) return known;
  const text = await unlessMissing(readFile(path, "utf8"), "");
  const settled = Math.abs(lookedMs - stats.ctimeMs) > SETTLED_MS;
  return { attachments: parseCacheEntry(text), writtenMs: stats.mtimeMs, version: settled ? version : null };
}

/** The time of change cannot be set, as that of writing can. */
function versionOf({ ino, size, mtimeMs, ctimeMs }: Stats): string {
  return [ino, size, mtimeMs, ctimeMs].join(" ");
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
