import { cp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Lab } from "../lab/lab.ts";
import { outsidePath } from "../lab/namespaces.ts";
import { labPaths } from "../lab/paths.ts";

/** What reconciler and agents logged outlives the lab. @returns where it is, in words */
export async function keepLogs({ running }: Lab): Promise<string> {
  const folder = join(tmpdir(), `${running.name}-logs`);
  try {
    await cp(outsidePath(running, labPaths.logs), folder, { recursive: true });
    return `what reconciler and agents logged is in ${folder}`;
  } catch (error) {
    return `what reconciler and agents logged is lost: ${(error as Error).message}`;
  }
}
