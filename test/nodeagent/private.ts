/**
 * A private place for a test that changes the kernel: mount, network, process and user namespaces of its own, which
 * vanish with the process that runs inside. The machine's own rules and routes are out of reach.
 */
import { execa } from "execa";

const MOUNTS = 'mount -t tmpfs tmpfs /run && mkdir /run/netns && ip link set lo up && exec "$@"';

/**
 * Runs a script of this folder inside and resolves with what it printed as JSON on its last line. Rejects with its
 * standard error when it fails.
 */
export function runInside<Result>(script: string, timeoutMs = 15_000, args: readonly string[] = []): Promise<Result> {
  return runUnshared("-rmnpf", script, timeoutMs, args);
}

/** What needs `runInsideAsRoot` is skipped without. */
export const isRoot = process.getuid?.() === 0;

/** As `runInside` but without a user namespace, in which tcpdump refuses to run. Needs root. */
export function runInsideAsRoot<Result>(script: string, timeoutMs: number, args: readonly string[]): Promise<Result> {
  return runUnshared("-mnpf", script, timeoutMs, args);
}

async function runUnshared<Result>(
  namespaces: string,
  script: string,
  timeoutMs: number,
  args: readonly string[],
): Promise<Result> {
  const path = new URL(script, import.meta.url).pathname;
  const { stdout } = await execa(
    "unshare",
    [namespaces, "--kill-child", "--mount-proc", "sh", "-c", MOUNTS, "sh", process.execPath, path, ...args],
    { timeout: timeoutMs, stdin: "ignore" },
  );
  return JSON.parse(stdout.trim().split("\n").at(-1) ?? "") as Result;
}
