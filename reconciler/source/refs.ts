/** Where a repository is, and what its refs name. */
import { listServerRefs } from "isomorphic-git";
import type { HttpClient } from "isomorphic-git/http/node";

/** The address without what must not be printed or would break requests. Throws `TypeError` unless it is http(s). */
export function repositoryAddress(url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new TypeError("the repository's address must begin with https:// or http://");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new TypeError(`credentials belong apart, not into the address of ${parsed.host}`);
  }
  return `${parsed.origin}${parsed.pathname.replace(/\/+$/, "")}`;
}

/** The full ref of a branch. Throws `TypeError` for names that Git or a forge may refuse (git-check-ref-format). */
export function branchRef(branch: string): string {
  const isPlain =
    /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/.test(branch) && !/\.\.|\.(\/|$)|\.lock(\/|$)/.test(branch);
  if (!isPlain) throw new TypeError(`${JSON.stringify(branch)} is no name for a branch`);
  return `refs/heads/${branch}`;
}

/**
 * The commit that a ref (in full) names, a tag's commit for a tag. A missing ref is believed only when the server says
 * so twice in a row.
 */
export async function findRef(http: HttpClient, url: string, ref: string): Promise<FoundRef> {
  for (let asked = 0; asked < 2; asked++) {
    const refs = await listServerRefs({ http, url, prefix: ref, protocolVersion: 2, peelTags: true });
    // The server compares prefixes: it also sends refs/heads/main2.
    const found = refs.find((candidate) => candidate.ref === ref);
    if (found) return { kind: "commit", oid: found.peeled ?? found.oid };
  }
  return { kind: "missing" };
}

export type FoundRef = { readonly kind: "commit"; readonly oid: string } | { readonly kind: "missing" };
