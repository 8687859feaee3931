/** Git's objects as bytes and as values: just what reading a tree of manifests needs. */
import { GitError } from "./failure.ts";

export type ObjectType = "commit" | "tree" | "blob" | "tag";

export interface GitObject {
  readonly type: ObjectType;
  readonly body: Buffer;
}

/** Objects by id. */
export type ObjectMap = ReadonlyMap<string, GitObject>;

export interface TreeEntry {
  /** Octal as Git writes it: 100644, 100755, 120000 (symbolic link), 40000 (tree), 160000 (submodule). */
  readonly mode: string;
  readonly name: Buffer;
  readonly oid: string;
}

export interface Commit {
  readonly oid: string;
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: { readonly name: string; readonly email: string };
  /** The committer's time in seconds since 1970; whoever commits chooses it. */
  readonly committedAtSeconds: number;
  /** First line of the message; comes from outside, like the author. */
  readonly subject: string;
}

export function parseTree(oid: string, body: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let offset = 0;
  while (offset < body.length) {
    const space = body.indexOf(0x20, offset);
    const end = body.indexOf(0, offset);
    if (space < 0 || end < space || end + 21 > body.length) throw malformed("tree", oid);
    entries.push({
      mode: body.toString("latin1", offset, space),
      name: body.subarray(space + 1, end),
      oid: body.toString("hex", end + 1, end + 21),
    });
    offset = end + 21;
  }
  return entries;
}

export function parseCommit(oid: string, body: Buffer): Commit {
  const text = body.toString("utf8");
  const blank = text.indexOf("\n\n");
  const header = blank < 0 ? text : text.slice(0, blank);
  const message = blank < 0 ? "" : text.slice(blank + 2);
  const all = (name: string) =>
    header.split("\n").flatMap((line) => (line.startsWith(`${name} `) ? [line.slice(name.length + 1)] : []));
  const [tree] = all("tree");
  if (tree === undefined || !/^[0-9a-f]{40}$/.test(tree)) throw malformed("commit", oid);
  const person = (name: string) => /^(.*?) ?<(.*)> (\d+) [+-]\d+$/.exec(all(name)[0] ?? "");
  const author = person("author");
  return {
    oid,
    tree,
    parents: all("parent"),
    author: { name: author?.[1] ?? "", email: author?.[2] ?? "" },
    committedAtSeconds: Number(person("committer")?.[3] ?? 0),
    subject: message.trimStart().split("\n", 1)[0] ?? "",
  };
}

function malformed(type: ObjectType, oid: string): GitError {
  return new GitError("permanent", `the ${type} ${oid} is malformed`);
}
