/** `check --fix` on disk: what `repair` is certain of is written into the files, each of them whole or not at all. */
import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { access, lstat, open, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ManifestFile } from "../policies/manifests/file.ts";
import { type Repair, repair } from "../policies/manifests/repair.ts";
import { decode } from "../policies/manifests/text.ts";
import type { Repaired } from "./findings/checked.ts";

export interface Repairing {
  /** All files, those that were repaired with their new content. */
  readonly files: readonly ManifestFile[];
  readonly repaired: readonly Repaired[];
  /** One line for each file that stays as it was although it could be repaired. */
  readonly failures: readonly string[];
}

/** Files that are not in UTF-8, cannot be read, or are reached through a symbolic link stay as they are. */
export async function repairFiles(files: readonly ManifestFile[]): Promise<Repairing> {
  const results: ManifestFile[] = [];
  const repaired: Repaired[] = [];
  const failures: string[] = [];
  for (const file of files) {
    const found = findRepair(file);
    const failure = found && (await replaceFile(file.path, found.bytes));
    if (failure !== undefined) failures.push(`${file.path}: not repaired: ${failure}`);
    const done = found !== undefined && failure === undefined;
    results.push(done ? { path: file.path, blobId: "", bytes: found.bytes } : file);
    if (done) repaired.push(...found.fixes.map((fix) => ({ file: file.path, ...fix })));
  }
  return { files: results, repaired, failures };
}

/** How many findings of these files `--fix` would repair. */
export function countRepairable(files: readonly ManifestFile[]): number {
  return files.reduce((count, file) => count + (findRepair(file)?.fixes.length ?? 0), 0);
}

function findRepair(file: ManifestFile): { readonly bytes: Uint8Array; readonly fixes: Repair["fixes"] } | undefined {
  const decoded = "bytes" in file ? decode(file.bytes) : undefined;
  if (decoded === undefined || "problem" in decoded) return undefined;
  const { text, fixes } = repair(decoded.text);
  if (fixes.length === 0) return undefined;
  return { bytes: new TextEncoder().encode(decoded.byteOrderMark ? `\uFEFF${text}` : text), fixes };
}

/** A reader sees the old file or the new one. Undefined when done, else why not. */
async function replaceFile(path: string, bytes: Uint8Array): Promise<string | undefined> {
  // Not named after the file: a name may already be as long as the file system allows.
  const temporary = join(dirname(path), `.sallyport-${randomUUID()}`);
  try {
    const stats = await lstat(path);
    // A rename would put a file in the place of the link, and its target may lie outside the tree.
    if (stats.isSymbolicLink()) return "it is a symbolic link; name the file it leads to";
    await access(path, constants.W_OK);
    await using handle = await open(temporary, "wx", stats.mode);
    await handle.writeFile(bytes);
    await handle.chmod(stats.mode); // what open was told is less the umask
    await handle.sync();
    await rename(temporary, path);
    return undefined;
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {}); // where this fails too, the folder does not let anyone write
    if (error instanceof Error && "code" in error) return String(error.code);
    throw error;
  }
}
