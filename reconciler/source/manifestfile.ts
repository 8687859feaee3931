export type ManifestFile =
  | { readonly path: string; readonly id?: string; readonly bytes: Uint8Array }
  | { readonly path: string; readonly problem: string };
