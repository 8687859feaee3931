/**
 * Where things are inside a lab. All of it lies on a tmpfs of the lab's own mount namespace: when the lab ends, however
 * it ends, nothing of it is left. From outside the same files are seen through /proc/PID/root.
 */
import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";

const LAB_ROOT = "/run/lab";

export const labPaths = {
  scratch: `${LAB_ROOT}/scratch`,
  logs: `${LAB_ROOT}/logs`,
  certificates: `${LAB_ROOT}/certificates`,
  repositories: `${LAB_ROOT}/git`,
  repository: `${LAB_ROOT}/git/manifests.git`,
  /** The demo's clone: where the developer of the story works. */
  workstation: `${LAB_ROOT}/workstation`,
  inventory: `${LAB_ROOT}/inventory.json`,
  gateUrl: `${LAB_ROOT}/gate-url`,
  topology: `${LAB_ROOT}/topology.json`,
  sockets: {
    control: `${LAB_ROOT}/control.sock`,
    reconciler: `${LAB_ROOT}/reconciler.sock`,
    git: `${LAB_ROOT}/git.sock`,
    witness: `${LAB_ROOT}/witness.sock`,
  },
  cniCache: (node: string): string => `${LAB_ROOT}/nodes/${node}/cni/results`,
  agentState: (node: string): string => `${LAB_ROOT}/nodes/${node}/state.json`,
} as const;

/** A program of this folder, beside this module: TypeScript in a clone, JavaScript once built. */
export const labProgram = (name: string): string =>
  fileURLToPath(new URL(`./${name}${extname(import.meta.url)}`, import.meta.url));

/** The `sallyport` command of this clone, or of the package whose built files these are. */
export function sallyportCommand(): string[] {
  const entries = ["../../cli/sallyport.js", "../../../cli/sallyport.js"].map((path) =>
    fileURLToPath(new URL(path, import.meta.url)),
  );
  return [process.execPath, entries.find((entry) => existsSync(entry)) as string];
}
