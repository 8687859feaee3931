import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { expect, test } from "vitest";
import { readManifestPaths } from "../../reconciler/source/files.ts";

test.each([
  { name: "an absolute folder", as: (folder: string) => folder },
  { name: "a folder above the current one", as: (folder: string) => relative(process.cwd(), folder) },
])("$name is read and reported as it was given", async ({ as }) => {
  await using folder = await mkdtempDisposable(join(tmpdir(), "manifests-"));
  await writeFile(join(folder.path, "a.yaml"), "kind: Namespace\n");
  const files = await readManifestPaths([as(folder.path)]);
  expect(files).toMatchObject([{ path: join(as(folder.path), "a.yaml"), bytes: expect.anything() }]);
});
