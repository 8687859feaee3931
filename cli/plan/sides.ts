/** Which two commits are compared, and what each declares. */
import type { ParsedFile } from "../../policies/manifests/declared.ts";
import { parseFile } from "../../policies/manifests/parse.ts";
import { assemble, type Reading } from "../../policies/manifests/read.ts";
import type { GitFailure } from "../../reconciler/source/failure.ts";
import { openLocalHistory } from "../../reconciler/source/history.ts";
import { openLocalRepository } from "../../reconciler/source/local.ts";
import { counted } from "../report/report.ts";

export interface SidesQuestion {
  readonly repo: string;
  readonly path: string;
  /** Undefined: the parent of the head. */
  readonly base: string | undefined;
  readonly head: string;
}

export interface Sides {
  readonly base: { readonly oid: string | null; readonly reading: Reading };
  readonly head: { readonly oid: string; readonly reading: Reading };
  readonly notes: readonly string[];
}

const NOTHING: Reading = { intent: undefined, findings: [] };

/** @throws Error with one line when the repository cannot be read, or has no such commit. */
export async function readSides(question: SidesQuestion): Promise<Sides> {
  const { repo, path, head } = question;
  const repository = openLocalRepository(repo, { path });
  const read = readerOf(async (oid) => succeed(await repository.read(oid)).files);
  const headOid = await resolve(question, head);
  const { oid, notes } = await findBase(question, headOid);
  const base = oid === null ? NOTHING : await read(oid);
  const reading = await read(headOid);
  const errors = base.findings.filter(({ severity }) => severity === "error").length;
  const broken = `the base has ${counted(errors, "error")} and so never came into force; what can be read of it stands for it`;
  return {
    base: { oid, reading: base },
    head: { oid: headOid, reading },
    notes: errors === 0 ? notes : [...notes, broken],
  };
}

/** Most files are the same on both sides and are read and parsed once. */
function readerOf(
  filesOf: (oid: string) => Promise<readonly Parameters<typeof parseFile>[0][]>,
): (oid: string) => Promise<Reading> {
  const parsed = new Map<string, ParsedFile>();
  return async (oid) => {
    const files = await filesOf(oid);
    return assemble(
      files.map((file) => {
        const key = `${file.blobId} ${file.path}`;
        const known = parsed.get(key) ?? parseFile(file);
        parsed.set(key, known);
        return known;
      }),
    );
  };
}

/**
 * What lands is the head merged into the base. Compared with the base's tip, commits that the head lacks would seem to
 * be undone by it; so the base is where the two parted, as in `git diff base...head`.
 */
async function findBase(
  question: SidesQuestion,
  head: string,
): Promise<{ readonly oid: string | null; readonly notes: readonly string[] }> {
  const { repo, base } = question;
  const history = openLocalHistory(repo);
  if (base === undefined) {
    const parent = succeed(await openLocalRepository(repo).resolveRevision(`${head}~1`));
    if (parent.kind === "commit") return { oid: parent.oid, notes: [] };
    if (succeed(await history.isShallow()).shallow) throw new Error(shallow(repo, `the parent of ${question.head}`));
    return { oid: null, notes: [`${question.head} is the first commit`] };
  }
  const tip = await resolve(question, base);
  const { oid } = succeed(await history.mergeBase(tip, head));
  if (oid === undefined) {
    if (succeed(await history.isShallow()).shallow)
      throw new Error(shallow(repo, `what ${base} and ${question.head} share`));
    return { oid: tip, notes: [`${base} and ${question.head} have no commit in common`] };
  }
  if (oid === tip) return { oid, notes: [] };
  const ahead = succeed(await history.countCommits(oid, tip)).count;
  const note = `${base} has ${counted(ahead, "commit")} more since the head branched off; what they change is not told here`;
  return { oid, notes: [note] };
}

async function resolve({ repo }: SidesQuestion, revision: string): Promise<string> {
  const found = succeed(await openLocalRepository(repo).resolveRevision(revision));
  if (found.kind === "commit") return found.oid;
  if (succeed(await openLocalHistory(repo).isShallow()).shallow) throw new Error(shallow(repo, revision));
  throw new Error(`${repo}: there is no revision ${revision}; if it is a branch of a remote, fetch it first`);
}

function shallow(repo: string, what: string): string {
  return `${repo}: this shallow clone lacks ${what}; git fetch --unshallow gets it`;
}

/** @throws Error where it is a failure. */
export function succeed<T extends object>(result: T | GitFailure): T {
  if ("kind" in result && result.kind === "failed") throw new Error((result as GitFailure).message);
  return result as T;
}
