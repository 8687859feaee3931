/** Finds the manifests of a commit by walking its tree objects; neither an index nor a working tree is involved. */

import type { ManifestFile } from "../../policies/manifests/file.ts";
import { GitError } from "./failure.ts";
import { type EntryKind, problemFile, type SeenEntry, selectManifests, sortByPath } from "./manifests.ts";
import { type ObjectMap, parseTree, type TreeEntry } from "./objects.ts";
import type { SourceLimits } from "./source.ts";

/** `under` is a folder without a slash at its end; "" is the root. A blob that is missing counts as too large. */
export function readManifests(objects: ObjectMap, root: string, under: string, limits: SourceLimits): ManifestFile[] {
  const folder = findFolder(objects, root, under);
  if (folder === undefined) return [problemFile(under, "missing")];
  const { wanted, problems } = selectManifests(listTree(objects, folder, under), under, limits);
  const files = wanted.map(({ path, from: { blobId } }) => {
    return { path, blobId, bytes: objects.get(blobId)?.body ?? Buffer.of() };
  });
  return sortByPath([...files, ...problems]);
}

/** Lazy, so that whoever counts the entries can stop: ten equal subtrees in ten levels are ten objects, and 10¹⁰ entries. */
export function* listTree(objects: ObjectMap, tree: string, root: string): Generator<SeenEntry> {
  const folders = [{ path: root, tree }];
  for (let folder = folders.pop(); folder !== undefined; folder = folders.pop()) {
    const { path } = folder;
    for (const entry of entriesOf(objects, folder.tree)) {
      const seen = seenEntry(objects, entry, path === "" ? "" : `${path}/`);
      yield seen;
      if (seen.kind === "folder") folders.push({ path: seen.path, tree: entry.oid });
    }
  }
}

function seenEntry(objects: ObjectMap, { mode, name, oid }: TreeEntry, prefix: string): SeenEntry {
  const seen = { path: prefix + name.toString("utf8"), kind: kindOf(mode), blobId: oid };
  const body = objects.get(oid)?.body;
  if (body === undefined || seen.kind === "folder") return seen;
  return seen.kind === "symlink" ? { ...seen, target: body.toString("utf8") } : { ...seen, size: body.length };
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
