/**
 * A Git directory that exists only in memory, in the shape of `fs` that isomorphic-git takes. Objects are kept as
 * values; loose object files are their reflection. It knows just what writing objects and pushing asks for.
 */
import { deflateSync, inflateSync } from "node:zlib";
import type { PromiseFsClient } from "isomorphic-git";
import type { GitObject, ObjectType } from "../source/objects.ts";

export const gitdir = "/git";

export type MemoryRepository = PromiseFsClient;

/** `objects` is read and written in place; `shallow` names the commits whose parents are not at hand. */
export function openMemoryRepository(objects: Map<string, GitObject>, shallow: readonly string[]): MemoryRepository {
  const files = new Map<string, Buffer>();
  if (shallow.length > 0) files.set(`${gitdir}/shallow`, Buffer.from(`${shallow.join("\n")}\n`));

  function read(path: string): Buffer | undefined {
    const oid = looseObjectId(path);
    if (oid === undefined) return files.get(path);
    const object = objects.get(oid);
    return object && deflateSync(Buffer.concat([Buffer.from(`${object.type} ${object.body.length}\0`), object.body]));
  }

  function write(path: string, content: Uint8Array | string): void {
    const oid = looseObjectId(path);
    if (oid === undefined) {
      files.set(path, Buffer.from(content as string));
      return;
    }
    const wrapped = inflateSync(content);
    const end = wrapped.indexOf(0);
    const [type] = wrapped.toString("latin1", 0, end).split(" ");
    objects.set(oid, { type: type as ObjectType, body: wrapped.subarray(end + 1) });
  }

  async function readFile(path: string, options?: { encoding?: string } | string): Promise<Buffer | string> {
    const content = read(path);
    if (content === undefined) throw notFound(path);
    const encoding = typeof options === "string" ? options : options?.encoding;
    return encoding === "utf8" ? content.toString("utf8") : content;
  }

  async function stat(path: string) {
    const oid = looseObjectId(path);
    const isFile = oid === undefined ? files.has(path) : objects.has(oid);
    if (!isFile && path !== gitdir) throw notFound(path);
    return { isFile: () => isFile, isDirectory: () => !isFile, isSymbolicLink: () => false };
  }

  const promises = {
    readFile,
    writeFile: async (path: string, content: Uint8Array | string) => write(path, content),
    unlink: async (path: string) => void files.delete(path),
    readdir: async () => [],
    mkdir: async () => {},
    rmdir: async () => {},
    stat,
    lstat: stat,
    readlink: async (path: string) => Promise.reject(notFound(path)),
    symlink: async (path: string) => Promise.reject(notFound(path)),
    chmod: async () => {},
  };
  return { promises };
}

function looseObjectId(path: string): string | undefined {
  const match = /\/objects\/([0-9a-f]{2})\/([0-9a-f]{38})$/.exec(path);
  return match ? `${match[1]}${match[2]}` : undefined;
}

function notFound(path: string): Error {
  return Object.assign(new Error(`ENOENT: no such file, open '${path}'`), { code: "ENOENT" });
}
