/** What a server's HTTP status means for whoever asked: wait, mend the credentials, or change the configuration. */
import { GitError } from "./failure.ts";

/** Throws `GitError` unless this is the beginning of a Git server's answer. `url` is the address that was asked. */
export function refuseOtherThanGit(response: Response, url: string): void {
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
