import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { openRemoteSource, type RemoteOptions } from "../../reconciler/source/remote.ts";
import type { GitSource } from "../../reconciler/source/source.ts";
import type { GitServer } from "../lab/git-server.ts";
import { answerBytes, answerWith, cutAfter, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { never, TestRepository } from "./repository.ts";

let repository: TestRepository;
let server: GitServer;
let proxy: FaultProxy;
let commit: string;

beforeAll(async () => {
  repository = await TestRepository.create();
  server = await repository.serve();
  proxy = await startFaultProxy(server.address);
  commit = await repository.commit({ "a.yaml": "a: 1\n", "b.yaml": "b: 1\n" });
});

beforeEach(() => {
  proxy.fault = undefined;
  proxy.replays = false;
  proxy.exchanges.length = 0;
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.close();
  await repository[Symbol.asyncDispose]();
});

const timeouts = { headersMs: 300, idleMs: 300, totalMs: 600 };
const open = (options: Partial<RemoteOptions> = {}): GitSource =>
  openRemoteSource({ url: `${proxy.address}/egress.git`, timeouts, ...options });
const name = () => `${proxy.address}/egress.git`;

describe("answers that are cut", () => {
  beforeEach(() => {
    proxy.replays = true;
  });

  test.each(["end", "reset"] as const)("at any byte of a poll (%s) are a transient failure", async (ending) => {
    await open().head(never);
    const poll = [...proxy.exchanges];
    expect(poll.map(({ request }) => request)).toEqual([
      "GET /egress.git/info/refs?service=git-upload-pack",
      "POST /egress.git/git-upload-pack",
    ]);
    for (const cutExchange of poll) {
      for (let bytes = 0; bytes < cutExchange.answer.length; bytes++) {
        const cut = cutAfter(bytes, ending);
        proxy.fault = (exchange, response) => exchange === cutExchange && cut(exchange, response);
        expect(await open().head(never)).toMatchObject({ kind: "failed", class: "transient" });
      }
    }
  });

  test.each(["end", "reset"] as const)("at any byte of a read (%s) are a transient failure", async (ending) => {
    await open().read(commit, never);
    const pack = proxy.exchanges.at(-1);
    for (let bytes = 0; bytes < (pack?.answer.length ?? 0); bytes++) {
      const cut = cutAfter(bytes, ending);
      proxy.fault = (exchange, response) => exchange === pack && cut(exchange, response);
      expect(await open().read(commit, never)).toMatchObject({ kind: "failed", class: "transient" });
    }
  });

  test("a changed byte in a pack is a transient failure", async () => {
    await open().read(commit, never);
    const pack = proxy.exchanges.at(-1)?.answer ?? Buffer.of();
    for (let offset = pack.indexOf("PACK"); offset < pack.length - 4; offset++) {
      const changed = Buffer.from(pack);
      changed[offset] = (changed[offset] ?? 0) ^ 0x10;
      proxy.fault = (exchange, response) =>
        exchange.request.startsWith("POST") && answerBytes(changed)(exchange, response);
      expect(await open().read(commit, never)).toMatchObject({ kind: "failed", class: "transient" });
    }
  });
});

describe("servers that say no", () => {
  test.each([
    { fault: answerWith(401, {}), class: "auth", says: "HTTP 401: the credentials are missing or not accepted" },
    { fault: answerWith(403, {}), class: "auth", says: "HTTP 403: these credentials do not allow it" },
    {
      fault: answerWith(404, {}),
      class: "auth",
      says: "HTTP 404: no such repository, or these credentials may not see it",
    },
    { fault: answerWith(500, {}), class: "transient", says: "HTTP 500: the server is busy or broken" },
    { fault: answerWith(502, {}), class: "transient", says: "HTTP 502: the server is busy or broken" },
    { fault: answerWith(418, {}), class: "permanent", says: "HTTP 418" },
    {
      fault: answerWith(200, { "content-type": "text/html" }, "<html>Sign in"),
      class: "transient",
      says: "HTTP 200 with text/html: not an answer of a Git server; is a proxy in between?",
    },
    {
      fault: answerWith(301, { location: "https://user:secret@git.example.net/new.git/info/refs?token=secret" }),
      class: "permanent",
      says: "HTTP 301: the repository has moved to https://git.example.net/new.git; configure that address",
    },
    { fault: answerWith(302, {}), class: "permanent", says: "HTTP 302: the repository has moved" },
    {
      fault: answerWith(200, { "content-type": "application/x-git-upload-pack-advertisement" }, "<html>0000"),
      class: "transient",
      says: `the answer is not in Git's packet format ("<htm")`,
    },
    {
      fault: answerWith(
        200,
        { "content-type": "application/x-git-upload-pack-advertisement" },
        "0011ERR go away\n\x07",
      ),
      class: "transient",
      says: "the server says: go away",
    },
    {
      fault: answerWith(200, { "content-type": "application/x-git-upload-pack-advertisement" }, "0009hello0000"),
      class: "transient",
      says: /the answer is not understood/,
    },
  ])("$says", async ({ fault, class: failureClass, says }) => {
    proxy.fault = fault;
    const head = await open().head(never);
    expect(head).toMatchObject({ kind: "failed", class: failureClass });
    const message = head.kind === "failed" ? head.message : "";
    if (typeof says === "string") expect(message).toBe(`${name()}: ${says}`);
    else expect(message).toMatch(says);
    expect(await open().read(commit, never)).toMatchObject({ kind: "failed" });
  });

  test.each([429, 503])("HTTP %i keeps Retry-After", async (status) => {
    proxy.fault = answerWith(status, { "retry-after": "7" });
    expect(await open().head(never)).toMatchObject({ kind: "failed", class: "transient", retryAfterMs: 7000 });
  });

  test("an error that the server reports in the protocol is passed on in one line", async () => {
    const failure = await open().read("1".repeat(40), never);
    expect(failure).toMatchObject({ kind: "failed", class: "permanent" });
    expect(failure.kind === "failed" && failure.message).toMatch(
      /^http\S+: the server says: upload-pack: not our ref 1+$/,
    );
  });

  test("a server that is not there", async () => {
    await using gone = await startFaultProxy(server.address);
    const url = `${gone.address}/egress.git`;
    await gone[Symbol.asyncDispose]();
    expect(await openRemoteSource({ url }).head(never)).toEqual({
      kind: "failed",
      class: "transient",
      message: `${url}: the connection failed (ECONNREFUSED)`,
    });
  });
});

describe("servers that take their time", () => {
  test("a hanging server is given up, and the signal ends the wait at once", async () => {
    await using hanging = await listen(() => {});
    const source = openRemoteSource({ url: `${hanging.address}/egress.git`, timeouts });
    expect(await source.head(never)).toMatchObject({
      class: "transient",
      message: expect.stringContaining("no answer within 300 ms"),
    });
    const controller = new AbortController();
    const reason = new Error("the reconciler stops");
    const waiting = openRemoteSource({ url: `${hanging.address}/egress.git` }).head(controller.signal);
    await hanging.connected();
    controller.abort(reason);
    await expect(waiting).rejects.toBe(reason);
  });

  test("an aborted signal sends nothing", async () => {
    await expect(open().head(AbortSignal.abort(new Error("stopped")))).rejects.toThrow("stopped");
    expect(proxy.exchanges).toEqual([]);
  });

  test("an answer that stops midway is given up", async () => {
    proxy.fault = (_exchange, response) => {
      response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" });
      return response.write("000eversion 2\n");
    };
    expect(await open().head(never)).toMatchObject({
      message: expect.stringContaining("the answer stopped for 300 ms"),
    });
  });

  test("an answer that drips for ever is given up", async () => {
    const stopped = new AbortController();
    proxy.fault = ({ answer }, response) => {
      response.writeHead(200, { "content-type": "application/x-git-upload-pack-advertisement" });
      drip(answer, (byte) => response.write(byte), stopped.signal);
      return true;
    };
    expect(await open().head(never)).toMatchObject({ message: expect.stringContaining("longer than 600 ms") });
    stopped.abort();
  });

  test("an answer without end is refused when it is too large", async () => {
    proxy.fault = answerWith(
      200,
      { "content-type": "application/x-git-upload-pack-advertisement" },
      "0004".repeat(2_000_000),
    );
    expect(await open({ timeouts: { ...timeouts, totalMs: 5000 } }).head(never)).toMatchObject({
      class: "permanent",
      message: expect.stringContaining("larger than"),
    });
  });
});

describe("credentials", () => {
  test("are sent with the first request", async () => {
    await open({ auth: { username: "alice", password: "pässword" } }).head(never);
    await open({ auth: { bearer: "token-1" } }).head(never);
    const sent = proxy.exchanges.map(({ requestHeaders }) => requestHeaders.authorization);
    const basic = `Basic ${Buffer.from("alice:pässword").toString("base64")}`;
    expect(sent).toEqual([basic, basic, "Bearer token-1", "Bearer token-1"]);
  });

  test("that HTTP cannot carry are named without being shown", async () => {
    const failure = await open({ auth: { bearer: "secret\n" } }).head(never);
    expect(failure).toMatchObject({ class: "auth" });
    expect(JSON.stringify(failure)).not.toContain("secret");
  });

  test.each(["https://user:secret@git.example.net/a.git", "https://secret@git.example.net/a.git"])(
    "inside the address are refused without being shown",
    (url) => {
      expect(() => openRemoteSource({ url })).toThrow(
        "credentials belong apart, not into the address of git.example.net",
      );
    },
  );

  test.each(["", "git.example.net/a.git", "ssh://git@git.example.net/a.git", "/srv/a.git"])(
    "%j is no address",
    (url) => {
      expect(() => openRemoteSource({ url })).toThrow("must begin with https:// or http://");
    },
  );
});

describe("branches", () => {
  test("a missing branch is believed only when the server says so twice", async () => {
    expect(await open({ ref: "refs/heads/gone" }).head(never)).toEqual({ kind: "missing" });
    expect(proxy.exchanges.filter(({ request }) => request.startsWith("POST"))).toHaveLength(2);
  });

  test("one empty answer among good ones does not count", async () => {
    let emptied = false;
    proxy.fault = (exchange, response) => {
      if (emptied || !exchange.request.startsWith("POST")) return false;
      emptied = true;
      return answerBytes(Buffer.from("0000"))(exchange, response);
    };
    expect(await open().head(never)).toEqual({ kind: "commit", oid: commit });
    expect(emptied).toBe(true);
  });

  test("an empty repository has no branch", async () => {
    await using empty = await TestRepository.create();
    await using served = await empty.serve();
    expect(await openRemoteSource({ url: `${served.address}/egress.git` }).head(never)).toEqual({ kind: "missing" });
  });

  test("a branch whose name goes on is another branch", async () => {
    await using other = await TestRepository.create();
    await using served = await other.serve();
    await other.commit({ "a.yaml": "a\n" }, "Change", "main2");
    const source = openRemoteSource({ url: `${served.address}/egress.git` });
    expect(await source.head(never)).toEqual({ kind: "missing" });
    const oid = await other.commit({ "a.yaml": "b\n" }, "Change", "main");
    expect(await source.head(never)).toEqual({ kind: "commit", oid });
  });

  test("an annotated tag stands for its commit", async () => {
    await repository.git("tag", "-a", "-m", "Release", "v1", commit);
    await repository.git("push", "--quiet", repository.bare, "v1");
    expect(await open({ ref: "refs/tags/v1" }).head(never)).toEqual({ kind: "commit", oid: commit });
  });

  test("a branch that was rewritten is read like any other", async () => {
    await using other = await TestRepository.create();
    await using served = await other.serve();
    const source = openRemoteSource({ url: `${served.address}/egress.git` });
    await other.commit({ "a.yaml": "first\n" });
    const second = await other.commit({ "b.yaml": "second\n" });
    expect(await pathsOf(source, second)).toEqual(["a.yaml", "b.yaml"]);
    await other.git("checkout", "--quiet", "--orphan", "rewritten");
    await other.git("rm", "--quiet", "-rf", ".");
    const rewritten = await other.commit({ "c.yaml": "rewritten\n" });
    expect(await source.head(never)).toEqual({ kind: "commit", oid: rewritten });
    expect(await pathsOf(source, rewritten)).toEqual(["c.yaml"]);
    expect(await pathsOf(source, second)).toEqual(["a.yaml", "b.yaml"]);
  });
});

describe("reading on from the last read", () => {
  test("transfers only what differs, and sees what a fresh reader sees", async () => {
    await using other = await TestRepository.create();
    await using served = await other.serve();
    await using watched = await startFaultProxy(served.address);
    const source = openRemoteSource({ url: `${watched.address}/egress.git` });
    const files = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`t${index % 10}/${index}.yaml`, noise(400, index)]),
    );
    await source.read(await other.commit(files), never);
    const whole = watched.exchanges.at(-1)?.answer.length ?? 0;
    for (let index = 0; index < 5; index++) {
      const oid = await other.commit({
        [`t${index}/${index}.yaml`]: `changed ${index}\n`,
        [`t1/new${index}.yaml`]: "new\n",
      });
      const next = await source.read(oid, never);
      expect(watched.exchanges.at(-1)?.answer.length).toBeLessThan(whole / 20);
      expect(next).toEqual(await openRemoteSource({ url: `${served.address}/egress.git` }).read(oid, never));
    }
  });

  test("a file that was too large and shrinks is read", async () => {
    await using other = await TestRepository.create();
    await using served = await other.serve();
    const limits = { fileBytes: 3000, totalBytes: 1_000_000, entries: 100, depth: 10 };
    const source = openRemoteSource({ url: `${served.address}/egress.git`, limits });
    const text = noise(3001, 0);
    await source.read(await other.commit({ "a.yaml": "a\n", "large.yaml": text }), never);
    const shrunk = await other.commit({ "large.yaml": text.slice(0, 2999) });
    const tree = await source.read(shrunk, never);
    expect(
      tree.kind === "tree" && tree.files.map((file) => ("bytes" in file ? file.bytes.length : file.problem)),
    ).toEqual([2, 2999]);
  });

  test("a huge file neither arrives nor stands in the way", async () => {
    await using other = await TestRepository.create();
    await using served = await other.serve();
    await using watched = await startFaultProxy(served.address);
    const oid = await other.commit({
      "a.yaml": "a\n",
      "huge.yaml": Buffer.alloc(30_000_000, "#"),
      "huge.bin": randomBytes(3_000_000),
    });
    const tree = await openRemoteSource({ url: `${watched.address}/egress.git` }).read(oid, never);
    expect(
      tree.kind === "tree" && tree.files.map((file) => ("bytes" in file ? file.bytes.length : file.problem)),
    ).toEqual([2, "too-large"]);
    expect(watched.exchanges.at(-1)?.answer.length).toBeLessThan(1000);
  });
});

test("a tree that multiplies itself is refused by counting, at once", async () => {
  await using other = await TestRepository.create();
  await using served = await other.serve();
  const blob = await hashObject(other, "blob", Buffer.from("a: 1\n"));
  let tree = await hashObject(other, "tree", Buffer.concat([Buffer.from("100644 a.yaml\0"), Buffer.from(blob, "hex")]));
  for (let level = 0; level < 12; level++) {
    const entries = Array.from({ length: 10 }, (_, index) => [
      Buffer.from(`40000 d${index}\0`),
      Buffer.from(tree, "hex"),
    ]);
    tree = await hashObject(other, "tree", Buffer.concat(entries.flat()));
  }
  const oid = await other.publish((await other.git("commit-tree", "-m", "Bomb", tree)).trim());
  const startedAt = performance.now();
  const read = await openRemoteSource({ url: `${served.address}/egress.git` }).read(oid, never);
  expect(read).toMatchObject({ kind: "tree", files: [{ path: "", problem: "tree-too-large" }] });
  expect(performance.now() - startedAt).toBeLessThan(3000);
});

test("names that a work tree could not hold are entries with a problem", async () => {
  await using other = await TestRepository.create();
  await using served = await other.serve();
  const blob = Buffer.from(await hashObject(other, "blob", Buffer.from("a: 1\n")), "hex");
  const entry = (name: Buffer | string) => [Buffer.from("100644 "), Buffer.from(name), Buffer.of(0), blob];
  const names = ["../up.yaml", ".git/config.yaml", "a.yaml", "a.yaml", Buffer.from([0xff, 0x2e, 0x79, 0x6d, 0x6c])];
  const tree = await hashObject(other, "tree", Buffer.concat(names.flatMap(entry)));
  const oid = await other.publish((await other.git("commit-tree", "-m", "Names", tree)).trim());
  const read = await openRemoteSource({ url: `${served.address}/egress.git` }).read(oid, never);
  expect(read.kind === "tree" && read.files.map((file) => [file.path, "problem" in file && file.problem])).toEqual([
    ["../up.yaml", "unsafe-name"],
    [".git/config.yaml", "unsafe-name"],
    ["a.yaml", false],
    ["a.yaml", "unsafe-name"],
    ["\uFFFD.yml", "unsafe-name"],
  ]);
});

async function pathsOf(source: GitSource, oid: string): Promise<string[]> {
  const tree = await source.read(oid, never);
  if (tree.kind !== "tree") throw new Error(tree.message);
  return tree.files.map(({ path }) => path);
}

async function hashObject(target: TestRepository, type: string, body: Buffer): Promise<string> {
  const path = `${target.folder}/object`;
  await writeFile(path, body);
  return await target.git("hash-object", "-t", type, "-w", "--literally", path);
}

/** Text that does not compress, the same in every run. */
function noise(bytes: number, seed: number): string {
  let text = "";
  for (let round = 0; text.length < bytes; round++) {
    text += createHash("sha512").update(`${seed} ${round}`).digest("base64");
  }
  return text.slice(0, bytes);
}

async function drip(answer: Buffer, send: (byte: Buffer) => void, signal: AbortSignal): Promise<void> {
  for (let offset = 0; !signal.aborted; offset = (offset + 1) % answer.length) {
    send(answer.subarray(offset, offset + 1));
    await delay(20, undefined, { signal }).catch(() => {});
  }
}

async function listen(onConnection: () => void) {
  const sockets = new Set<{ destroy(): void }>();
  const listener: Server = createServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => {});
    onConnection();
  });
  listener.listen(0, "127.0.0.1");
  await once(listener, "listening");
  const bound = listener.address();
  return {
    address: `http://127.0.0.1:${typeof bound === "object" ? bound?.port : ""}`,
    connected: () => once(listener, "connection"),
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      listener.close();
    },
  };
}
