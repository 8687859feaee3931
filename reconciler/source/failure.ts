/**
 * What goes wrong between us and a Git repository, sorted by what happens next. Code that talks to the repository
 * throws `GitError`; the edge of the source turns it into a `GitFailure` value that names the repository.
 */

/**
 * `transient`: try again. `auth`: credentials are missing, wrong or too weak. `permanent`: the same attempt fails again
 * until a person changes something.
 */
export type FailureClass = "transient" | "auth" | "permanent";

/** An expected failure. `message` is one line for a person; it names the repository and never a credential. */
export interface GitFailure {
  readonly kind: "failed";
  readonly class: FailureClass;
  readonly message: string;
  /** What the server asked for in `Retry-After`. */
  readonly retryAfterMs?: number;
}

export class GitError extends Error {
  readonly class: FailureClass;
  readonly retryAfterMs: number | undefined;

  constructor(failureClass: FailureClass, message: string, options: { cause?: unknown; retryAfterMs?: number } = {}) {
    super(message, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "GitError";
    this.class = failureClass;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/**
 * Runs an attempt and makes expected errors a value: `GitError`, and what isomorphic-git throws when it does not
 * understand an answer. Everything else is a surprise and thrown on. `repository` holds no credentials.
 */
export async function failuresAsValues<T>(repository: string, attempt: () => Promise<T>): Promise<T | GitFailure> {
  try {
    return await attempt();
  } catch (error) {
    const expected = error instanceof GitError ? error : answerNotUnderstood(error);
    const failure = { kind: "failed", class: expected.class, message: `${repository}: ${expected.message}` } as const;
    return expected.retryAfterMs === undefined ? failure : { ...failure, retryAfterMs: expected.retryAfterMs };
  }
}

function answerNotUnderstood(error: unknown): GitError {
  // Told by its mark: reading a local repository does without isomorphic-git, and need not load it for its classes.
  const isFromLibrary = error instanceof Error && "isIsomorphicGitError" in error;
  if (!isFromLibrary) throw error;
  return new GitError("transient", `the answer is not understood (${error.name})`, { cause: error });
}
