/** Input for programs that cannot take it from a pipe. */
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/**
 * The file has no name any more when the program opens it, by the path that is given to `use`; so nothing is left behind
 * however this process ends.
 */
export async function withUnnamedFile<Result>(
  content: string | Buffer,
  use: (path: string) => Promise<Result>,
): Promise<Result> {
  const fd = unnamedFile();
  try {
    writeSync(fd, Buffer.from(content));
    return await use(`/proc/${process.pid}/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function unnamedFile(): number {
  const folder = privateFolder();
  try {
    return openSync(join(folder, "content"), "wx+", 0o600);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** On a tmpfs where there is one. */
function privateFolder(): string {
  try {
    return mkdtempSync("/dev/shm/sallyport-");
  } catch {
    return mkdtempSync(join(tmpdir(), "sallyport-"));
  }
}
