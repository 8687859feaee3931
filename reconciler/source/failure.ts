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

/** The value for an expected error; everything else is a surprise and thrown on. `repository` holds no credentials. */
export function failureFrom(error: unknown, repository: string): GitFailure {
  if (!(error instanceof GitError)) throw error;
  const failure = { kind: "failed", class: error.class, message: `${repository}: ${error.message}` } as const;
  return error.retryAfterMs === undefined ? failure : { ...failure, retryAfterMs: error.retryAfterMs };
}
