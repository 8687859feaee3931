/**
 * What Git says, turned into the intent that is in force. Last good wins: a commit with errors, a tree without any
 * manifest of ours, or a repository that does not answer changes nothing but what is told about it.
 */
import type { Finding } from "../policies/findings.ts";
import type { Intent } from "../policies/intent.ts";
import type { ParsedFile } from "../policies/manifests/declared.ts";
import { judge } from "../policies/manifests/judge.ts";
import { parseFile } from "../policies/manifests/parse.ts";
import { assemble } from "../policies/manifests/read.ts";
import type { GitFailure } from "./source/failure.ts";
import type { GitSource, Tree } from "./source/source.ts";
import type { CommitRef } from "./status/input.ts";

export interface GoodCommit {
  readonly ref: CommitRef;
  readonly intent: Intent;
  /** Warnings and notes. */
  readonly findings: readonly Finding[];
}

export interface RejectedCommit {
  readonly ref: CommitRef;
  readonly findings: readonly Finding[];
}

export class Commits {
  readonly #source: GitSource;
  #parsed = new Map<string, ParsedFile>();
  #good: GoodCommit | undefined;
  #rejected: RejectedCommit | undefined;
  #problem: string | undefined;

  constructor(source: GitSource) {
    this.#source = source;
  }

  /** In force. */
  get good(): GoodCommit | undefined {
    return this.#good;
  }

  /** The newest commit, when it was rejected. */
  get rejected(): RejectedCommit | undefined {
    return this.#rejected;
  }

  /** Why Git could not be read, in one line; undefined while it can. */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** The newest commit that was looked at. */
  get seen(): CommitRef | undefined {
    return this.#rejected?.ref ?? this.#good?.ref;
  }

  /**
   * Takes a commit into force without asking for the head: after a restart, the one that was in force before.
   * @returns false when trying again later may help.
   */
  async restore(oid: string, signal: AbortSignal): Promise<boolean> {
    const failure = await this.#take(oid, signal);
    return failure === undefined || failure.class === "permanent";
  }

  /** Looks at the head and takes it in when it is new. */
  async look(signal: AbortSignal): Promise<void> {
    const head = await this.#source.head(signal);
    if (head.kind === "failed") this.#problem = head.message;
    else if (head.kind === "missing") this.#problem = "the ref does not exist in the repository";
    else if (head.oid !== this.seen?.oid) await this.#take(head.oid, signal);
    else this.#problem = undefined;
  }

  async #take(oid: string, signal: AbortSignal): Promise<GitFailure | undefined> {
    const tree = await this.#source.read(oid, signal);
    if (tree.kind === "failed") {
      this.#problem = tree.message;
      return tree;
    }
    this.#problem = undefined;
    const ref = { oid, subject: tree.commit.subject };
    const judged = judge(assemble(this.#parse(tree)));
    if (judged.kind === "rejected") this.#rejected = { ref, findings: judged.findings };
    else {
      this.#good = { ref, intent: judged.intent, findings: judged.findings };
      this.#rejected = undefined;
    }
    return undefined;
  }

  /** Parsed documents are remembered by path and blob id; those of older trees are let go. */
  #parse(tree: Tree): ParsedFile[] {
    const next = new Map<string, ParsedFile>();
    for (const file of tree.files) {
      const key = `${file.blobId} ${file.path}`;
      next.set(key, this.#parsed.get(key) ?? parseFile(file));
    }
    this.#parsed = next;
    return [...next.values()];
  }
}
