/**
 * HTTP towards a Git server, in the shape isomorphic-git takes as its `http` argument. Answers are read whole and
 * checked to be whole, because isomorphic-git reads a cut answer as a complete shorter one. Redirects are not followed:
 * credentials stay with the address they were given for.
 */
import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git/http/node";
import { type Deadline, type GitTimeouts, startDeadline } from "./deadline.ts";
import { GitError } from "./failure.ts";
import { assertWhole } from "./pktline.ts";
import { refuseOtherThanGit } from "./refusal.ts";

export type GitAuth = { readonly username: string; readonly password: string } | { readonly bearer: string };

export interface GitHttpOptions {
  readonly auth: GitAuth | undefined;
  readonly timeouts: GitTimeouts;
  /** Answers above this size are refused. */
  readonly maxAnswerBytes: number;
  readonly signal: AbortSignal;
}

/** Resolves with status 200 and a whole answer, or throws `GitError`; when `signal` aborts, its reason. */
export function openGitHttp(options: GitHttpOptions): HttpClient {
  return { request: (request) => send(request, options) };
}

/** Reads all of a request's or answer's body. */
export async function collect(body: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function send(request: GitHttpRequest, options: GitHttpOptions): Promise<GitHttpResponse> {
  const { signal, timeouts } = options;
  signal.throwIfAborted();
  using deadline = startDeadline(timeouts);
  try {
    const response = await fetch(request.url, {
      method: request.method ?? "GET",
      headers: { ...request.headers, "user-agent": "git/sallyport", ...authorization(options.auth) },
      redirect: "manual",
      signal: AbortSignal.any([signal, deadline.signal]),
      ...(request.body ? { body: await collect(request.body) } : {}),
    });
    refuseOtherThanGit(response, request.url);
    const body = await readBody(response, options.maxAnswerBytes, () => deadline.extend(timeouts.idleMs));
    assertWhole(body);
    return {
      url: request.url,
      statusCode: response.status,
      statusMessage: response.statusText,
      headers: Object.fromEntries(response.headers),
      body: oneChunk(body),
    };
  } catch (error) {
    signal.throwIfAborted();
    throw error instanceof GitError ? error : connectionError(error, deadline);
  }
}

async function readBody(response: Response, maxBytes: number, onChunk: () => void): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  onChunk();
  for await (const chunk of response.body ?? []) {
    onChunk();
    bytes += chunk.length;
    if (bytes > maxBytes) throw new GitError("permanent", `the answer is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function authorization(auth: GitAuth | undefined): Record<string, string> {
  if (auth === undefined) return {};
  if ("bearer" in auth) {
    // Checked here because fetch would quote the whole header in its error.
    if (!/^[!-~]+$/.test(auth.bearer)) throw new GitError("auth", "the token has characters that HTTP does not allow");
    return { authorization: `Bearer ${auth.bearer}` };
  }
  return { authorization: `Basic ${Buffer.from(`${auth.username}:${auth.password}`).toString("base64")}` };
}

async function* oneChunk(body: Buffer): AsyncIterableIterator<Uint8Array> {
  yield body;
}

const certificateCodes = /^(CERT_|ERR_TLS_CERT|ERR_SSL|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_(GET|VERIFY))/;

function connectionError(error: unknown, deadline: Deadline): GitError {
  if (deadline.expired !== undefined) return new GitError("transient", deadline.expired, { cause: error });
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "unknown reason";
  if (certificateCodes.test(code)) {
    return new GitError("permanent", `the server's certificate is not accepted (${code})`, { cause: error });
  }
  return new GitError("transient", `the connection failed (${code})`, { cause: error });
}
