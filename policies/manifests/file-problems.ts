import type { FileProblem } from "./file.ts";
import { MAX_FILE_BYTES } from "./limits.ts";

interface Description {
  /** The problem itself is the finding's code. */
  readonly code: FileProblem;
  readonly message: string;
  readonly fix: string;
}

const PROBLEMS: Readonly<Record<FileProblem, readonly [message: string, fix: string]>> = {
  "too-large": [
    `the file is larger than ${MAX_FILE_BYTES} bytes and is not read`,
    "split it, or keep it outside the directory of the manifests",
  ],
  "symlink-outside": [
    "the symbolic link leads to no file of this tree and is not followed",
    "link to a file of the tree, or put the file here",
  ],
  submodule: ["a submodule stands here; its content is not read", "copy the manifests into this repository"],
  "not-a-file": ["this is no file but a pipe, a socket or a device", "put a regular file here"],
  "unsafe-name": [
    "the path is not plain: it is not UTF-8 or not printable, leads out of the tree, or occurs twice",
    "rename the file",
  ],
  missing: ["there is no such file or folder", "correct the path"],
  unreadable: ["the file cannot be read", "give the reader permission to read it"],
  "tree-too-large": [
    "the tree has too many entries or bytes, or is nested too deeply; nothing of it was read",
    "point at the directory that holds the manifests",
  ],
};

export function describeFileProblem(code: FileProblem): Description {
  const [message, fix] = PROBLEMS[code];
  return { code, message, fix };
}
