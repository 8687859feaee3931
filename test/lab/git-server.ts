/**
 * A real Git server over smart HTTP: `git http-backend` as a CGI program behind node:http, with pushes enabled. It
 * serves bare repositories below `root` to whoever can connect, so it belongs on loopback or inside a lab.
 */
import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { resolve } from "node:path";
import { pipeline } from "node:stream/promises";

export type GitServerOptions = {
  /** Folder that holds the bare repositories. */
  readonly root: string;
  /** Called with the repository's path below `root`, without slashes at its ends, after a push has been answered. */
  readonly onPush?: (repository: string) => void;
} & ({ readonly host?: string; readonly port?: number } | { readonly socketPath: string });

export interface GitServer extends AsyncDisposable {
  /** http://host:port, without a slash at its end; the socket's path when there is one. */
  readonly address: string;
  /** Ends connections and running Git processes; resolves when all are gone. */
  close(): Promise<void>;
}

/** Environment in which Git behaves the same on every machine. */
export const pinnedGitEnvironment = {
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_TERMINAL_PROMPT: "0",
  LC_ALL: "C",
} as const;

const serverConfig = {
  "http.receivepack": "true",
  "uploadpack.allowFilter": "true",
  // The repositories may belong to another user, as in a user namespace.
  "safe.directory": "*",
} as const;

export async function serveGit(options: GitServerOptions): Promise<GitServer> {
  const root = resolve(options.root);
  const running = new Set<ChildProcessWithoutNullStreams>();
  const server = createServer((request, response) => {
    answer(root, running, request, response, options.onPush).catch(() => response.destroy());
  });
  if ("socketPath" in options) server.listen(options.socketPath);
  else server.listen(options.port ?? 0, options.host ?? "127.0.0.1");
  await once(server, "listening");

  async function close(): Promise<void> {
    const closed = server.listening ? once(server, "close") : undefined;
    server.close();
    server.closeAllConnections();
    const ended = [...running].map((child) => once(child, "close"));
    for (const child of running) child.kill("SIGKILL");
    await Promise.all([closed, ...ended]);
  }

  const bound = server.address() as AddressInfo | string;
  const address = typeof bound === "string" ? bound : `http://${bound.address}:${bound.port}`;
  return { address, close, [Symbol.asyncDispose]: close };
}

async function answer(
  root: string,
  running: Set<ChildProcessWithoutNullStreams>,
  request: IncomingMessage,
  response: ServerResponse,
  onPush: GitServerOptions["onPush"],
): Promise<void> {
  const url = new URL(request.url ?? "/", "http://git.invalid");
  const child = spawn("git", ["http-backend"], { cwd: root, env: cgiEnvironment(root, url, request) });
  running.add(child);
  child.once("close", () => running.delete(child));
  child.stderr.resume();
  // A request that is given up ends its Git process; a process that is done stops reading its request.
  response.once("close", () => child.kill());
  pipeline(request, child.stdin).catch(() => {});
  const rest = await readHeaders(child, response);
  response.write(rest);
  await pipeline(child.stdout, response);
  const pushed = pushedRepository(url, request);
  if (pushed !== undefined && response.statusCode === 200) onPush?.(pushed);
}

function pushedRepository(url: URL, request: IncomingMessage): string | undefined {
  // Before a large push git asks with a flush packet and nothing else whether it may.
  if (request.method !== "POST" || request.headers["content-length"] === "4") return undefined;
  return /^\/(.+)\/git-receive-pack$/.exec(decodeURIComponent(url.pathname))?.[1];
}

function cgiEnvironment(root: string, url: URL, request: IncomingMessage): NodeJS.ProcessEnv {
  const config = Object.entries(serverConfig).flatMap(([key, value], index) => [
    [`GIT_CONFIG_KEY_${index}`, key],
    [`GIT_CONFIG_VALUE_${index}`, value],
  ]);
  const header = (name: string) => request.headers[name]?.toString() ?? "";
  return {
    PATH: process.env.PATH,
    ...pinnedGitEnvironment,
    ...Object.fromEntries(config),
    GIT_CONFIG_COUNT: String(Object.keys(serverConfig).length),
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    GIT_PROTOCOL: header("git-protocol"),
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(url.pathname),
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: header("content-type"),
    HTTP_CONTENT_ENCODING: header("content-encoding"),
    ...(request.headers["content-length"] ? { CONTENT_LENGTH: request.headers["content-length"] } : {}),
    REMOTE_ADDR: request.socket.remoteAddress ?? "",
  };
}

/** Reads the CGI header into the response; returns the first bytes of the body. */
async function readHeaders(child: ChildProcessWithoutNullStreams, response: ServerResponse): Promise<Buffer> {
  let head = Buffer.of();
  while (!head.includes("\r\n\r\n")) {
    const chunk: Buffer | null = child.stdout.read();
    if (chunk) head = Buffer.concat([head, chunk]);
    else if (child.stdout.readableEnded) throw new Error("git http-backend ended without an answer");
    else await Promise.race([once(child.stdout, "readable"), once(child.stdout, "end")]);
  }
  const end = head.indexOf("\r\n\r\n");
  for (const line of head.toString("latin1", 0, end).split("\r\n")) {
    const [name = "", value = ""] = line.split(/: *(.*)/s);
    if (name.toLowerCase() === "status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  return head.subarray(end + 4);
}
