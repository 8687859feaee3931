/** What the benchmarks share: medians, and the package as npm would install it. */
import { cp, mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";

export const ROOT: string = new URL("../..", import.meta.url).pathname;

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] as number;
}

export async function elapsedMs(run: () => unknown): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}

/** Built files instead of TypeScript, in a folder that must exist. @returns the path of its `sallyport` */
export async function buildPackage(folder: string): Promise<string> {
  const build = ["--noEmit", "false", "--outDir", join(folder, "dist")];
  await execa(join(ROOT, "node_modules/.bin/tsc"), build, { cwd: ROOT });
  await mkdir(join(folder, "cli"));
  for (const path of ["package.json", "cli/sallyport.js"]) await cp(join(ROOT, path), join(folder, path));
  await symlink(join(ROOT, "node_modules"), join(folder, "node_modules"));
  return join(folder, "cli/sallyport.js");
}

/** How long it takes until `done` after `begin` was called; resolves when both are over. */
export async function timeUntil(done: Promise<unknown>, begin: () => Promise<unknown>): Promise<number> {
  const startedMs = performance.now();
  const beginning = begin();
  await done;
  const elapsedMs = performance.now() - startedMs;
  await beginning;
  return elapsedMs;
}
