/**
 * HTTP towards a Git server, in the shape isomorphic-git takes as its `http` argument. Answers are read whole and
 * checked to be whole, because isomorphic-git reads a cut answer as a complete shorter one. Redirects are not followed:
 * credentials stay with the address they were given for.
 */
import type { GitHttpRequest, GitHttpResponse, HttpClient } from "isomorphic-git/http/node";
import { GitError } from "./failure.ts";
import { assertWhole } from "./pktline.ts";

export type GitAuth = { readonly username: string; readonly password: string } | { readonly bearer: string };

export interface GitTimeouts {
  /** Until the first byte of the answer. */
  readonly headersMs: number;
  /** Between two pieces of the answer. */
  readonly idleMs: number;
  /** From request to the last byte: ends answers that drip. */
  readonly totalMs: number;
}

export const defaultTimeouts: GitTimeouts = { headersMs: 10_000, idleMs: 10_000, totalMs: 60_000 };

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

function refuseOtherThanGit(response: Response, url: string): void {
  const { status, headers } = response;
  const refusal = refusalOf(status, headers, url);
  if (refusal === undefined) return;
  // Not awaited: the connection is given up, and why it ends is of no interest.
  response.body?.cancel().catch(() => {});
  throw refusal;
}

function refusalOf(status: number, headers: Headers, url: string): GitError | undefined {
  const type = headers.get("content-type") ?? "no content type";
  if (status === 200) {
    if (/^application\/x-git-[a-z-]+-(advertisement|result)$/.test(type)) return undefined;
    return new GitError("transient", `HTTP 200 with ${type}: not an answer of a Git server; is a proxy in between?`);
  }
  if (status >= 300 && status < 400) {
    return new GitError("permanent", `HTTP ${status}: the repository has moved${movedTo(headers, url)}`);
  }
  if (status === 401) return new GitError("auth", "HTTP 401: the credentials are missing or not accepted");
  if (status === 403) return new GitError("auth", "HTTP 403: these credentials do not allow it");
  if (status === 404) return new GitError("auth", "HTTP 404: no such repository, or these credentials may not see it");
  if (status === 407) return new GitError("auth", "HTTP 407: the proxy asks for credentials");
  if (status === 408 || status === 429 || status >= 500) {
    return new GitError("transient", `HTTP ${status}: the server is busy or broken`, retryAfter(headers));
  }
  return new GitError("permanent", `HTTP ${status}`);
}

function movedTo(headers: Headers, url: string): string {
  const location = headers.get("location");
  if (location === null || !URL.canParse(location, url)) return "";
  const target = new URL(location, url);
  return ` to ${target.origin}${target.pathname.replace(/\/info\/refs$/, "")}; configure that address`;
}

function retryAfter(headers: Headers): { retryAfterMs?: number } {
  const seconds = headers.get("retry-after");
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? { retryAfterMs: Number(seconds) * 1000 } : {};
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

interface Deadline extends Disposable {
  readonly signal: AbortSignal;
  /** What ran out, in words. */
  readonly expired: string | undefined;
  /** The next piece has this much time, within the total. */
  extend(ms: number): void;
}

function startDeadline(timeouts: GitTimeouts): Deadline {
  const controller = new AbortController();
  let expired: string | undefined;
  const expire = (what: string) => () => {
    expired = what;
    controller.abort();
  };
  const total = setTimeout(expire(`the answer took longer than ${timeouts.totalMs} ms`), timeouts.totalMs);
  let next = setTimeout(expire(`no answer within ${timeouts.headersMs} ms`), timeouts.headersMs);
  return {
    signal: controller.signal,
    get expired() {
      return expired;
    },
    extend(ms) {
      clearTimeout(next);
      next = setTimeout(expire(`the answer stopped for ${ms} ms`), ms);
    },
    [Symbol.dispose]() {
      clearTimeout(total);
      clearTimeout(next);
    },
  };
}
