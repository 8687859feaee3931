import { mkdir, mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execa } from "execa";

const PROGRAM = new URL("../../cli/sallyport.js", import.meta.url).pathname;

/** A folder of these files, in which `sallyport check` runs as a process. */
export async function tree(files: Record<string, string | Uint8Array>) {
  const folder = await mkdtempDisposable(join(tmpdir(), "check-"));
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  return {
    path: folder.path,
    program: PROGRAM,
    check: (...args: string[]) =>
      execa(process.execPath, [`--max-old-space-size=${HEAP_MB}`, PROGRAM, "check", ...args], {
        cwd: folder.path,
        reject: false,
        timeout: TIMEOUT_MS,
      }),
    read: (path: string) => readFile(join(folder.path, path), "utf8"),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

/** What no tree may exceed, however it was made. */
const HEAP_MB = 128;
const TIMEOUT_MS = 15_000;
