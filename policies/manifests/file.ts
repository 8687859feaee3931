/** A file of the tree at one commit, as the Git source or a directory walk hands it over. */

export type ManifestFile =
  | { readonly path: string; readonly blobId: string; readonly bytes: Uint8Array }
  | { readonly path: string; readonly blobId: string; readonly problem: FileProblem };

/**
 * Why there are no bytes. `too-large`: over MAX_FILE_BYTES. `symlink-outside`: a symbolic link whose target is not a
 * file of the same tree. `submodule`: another repository's commit stands here. `not-a-file`: a pipe, socket or device.
 * `unsafe-name`: not UTF-8, not printable, `.git` or `..` in the path, or a path that occurs twice. `missing`: the
 * folder or file that was to be read does not exist. `unreadable`: the operating system refuses.
 * `tree-too-large`: too many entries or bytes, or nested too deeply; nothing of the tree was read, and `path` is its root.
 */
export type FileProblem =
  | "too-large"
  | "symlink-outside"
  | "submodule"
  | "not-a-file"
  | "unsafe-name"
  | "missing"
  | "unreadable"
  | "tree-too-large";

/** Whether a path is worth reading: manifests are files named *.yaml, *.yml or *.json, in whatever case. */
export function isManifestPath(path: string): boolean {
  return /\.(ya?ml|json)$/i.test(path);
}
