/** A commit of the status branch as files, and files as the trees of a commit. */
import { type TreeEntry, writeTree } from "isomorphic-git";
import { GitError } from "../source/failure.ts";
import { type GitObject, type ObjectMap, parseCommit } from "../source/objects.ts";
import { objectId } from "../source/pack.ts";
import { listTree } from "../source/walk.ts";
import { gitdir, type MemoryRepository } from "./memory-repository.ts";

export interface Tip {
  readonly commit: string;
  readonly tree: string;
  /** All that the commit reaches, without its parents. */
  readonly objects: ObjectMap;
}

/** Keeps of `objects` what the commit reaches. */
export function tipOf(commit: string, objects: ObjectMap): Tip {
  const object = objects.get(commit);
  if (object?.type !== "commit") throw new GitError("transient", `the server did not send ${commit}`);
  const { tree } = parseCommit(commit, object.body);
  const reached = [commit, tree, ...[...listTree(objects, tree, "")].map(({ blobId }) => blobId)];
  const entries = reached.flatMap((oid): [string, GitObject][] => {
    const found = objects.get(oid);
    return found ? [[oid, found]] : [];
  });
  return { commit, tree, objects: new Map(entries) };
}

export function filesOf({ tree, objects }: Tip): Map<string, string> {
  const files = new Map<string, string>();
  for (const { path, kind, blobId } of listTree(objects, tree, "")) {
    const blob = kind === "file" ? objects.get(blobId) : undefined;
    if (blob) files.set(path, blob.body.toString("utf8"));
  }
  return files;
}

/** Returns the id of the tree that holds the files. */
export async function writeFiles(
  fs: MemoryRepository,
  objects: Map<string, GitObject>,
  files: ReadonlyMap<string, string>,
): Promise<string> {
  const entries: TreeEntry[] = [];
  const folders = new Map<string, Map<string, string>>();
  for (const [path, content] of files) {
    const slash = path.indexOf("/");
    if (slash < 0) {
      const body = Buffer.from(content);
      const oid = objectId("blob", body);
      objects.set(oid, { type: "blob", body });
      entries.push({ mode: "100644", path, oid, type: "blob" });
      continue;
    }
    const name = path.slice(0, slash);
    const folder = folders.get(name) ?? new Map<string, string>();
    folders.set(name, folder.set(path.slice(slash + 1), content));
  }
  for (const [path, folder] of folders) {
    entries.push({ mode: "040000", path, oid: await writeFiles(fs, objects, folder), type: "tree" });
  }
  return await writeTree({ fs, gitdir, tree: entries });
}
