/** Finds the manifests of a commit by walking its tree objects; neither an index nor a working tree is involved. */

import { GitError } from "./failure.ts";
import type { ManifestFile } from "./manifestfile.ts";
import { type EntryKind, problemFile, type SeenEntry, selectManifests, sortByPath } from "./manifests.ts";
import { type ObjectMap, parseTree, type TreeEntry } from "./objects.ts";
import type { SourceLimits } from "./source.ts";

/** `under` is a folder without a slash at its end; "" is the root. A blob that is missing counts as too large. */
export function readManifests(objects: ObjectMap, root: string, under: string, limits: SourceLimits): ManifestFile[] {
  const folder = findFolder(objects, root, under);
  if (folder === undefined) return [problemFile(under, "the folder does not exist at this commit")];
  const { wanted, problems } = selectManifests(listTree(objects, folder, under), under, limits);
  const files = wanted.map(({ path, id = "" }) => ({ path, id, bytes: objects.get(id)?.body ?? Buffer.of() }));
  return sortByPath([...files, ...problems]);
}

/** Lazy, so that whoever counts the entries can stop: ten equal subtrees in ten levels are ten objects, and 10¹⁰ entries. */
export function* listTree(objects: ObjectMap, tree: string, path: string): Generator<SeenEntry> {
  const folders = [{ path, tree }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    for (const entry of entriesOf(objects, folder.tree)) {
      const name = entry.name.toString("utf8");
      const seen = {
        path: folder.path === "" ? name : `${folder.path}/${name}`,
        kind: kindOf(entry.mode),
        id: entry.oid,
      };
      const size = objects.get(entry.oid)?.body.length;
      yield size === undefined ? seen : { ...seen, size };
      if (seen.kind === "folder") folders.push({ path: seen.path, tree: entry.oid });
    }
  }
}

export function kindOf(mode: string): EntryKind {
  if (/^0?40000$/.test(mode)) return "folder";
  if (mode === "120000") return "symlink";
  if (mode === "160000") return "submodule";
  return mode.startsWith("100") ? "file" : "other";
}

function findFolder(objects: ObjectMap, root: string, under: string): string | undefined {
  let tree: string | undefined = root;
  for (const name of under.split("/").filter((part) => part !== "")) {
    const entry: TreeEntry | undefined = entriesOf(objects, tree).find((child) => child.name.toString("utf8") === name);
    if (entry === undefined || kindOf(entry.mode) !== "folder") return undefined;
    tree = entry.oid;
  }
  return tree;
}

function entriesOf(objects: ObjectMap, oid: string): TreeEntry[] {
  const object = objects.get(oid);
  if (object?.type !== "tree") throw new GitError("transient", `the server did not send the tree ${oid}`);
  return parseTree(oid, object.body);
}
