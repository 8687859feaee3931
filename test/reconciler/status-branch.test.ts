import { chmod, writeFile } from "node:fs/promises";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { openStatusBranch, type StatusBranch } from "../../reconciler/status/branch.ts";
import type { GitServer } from "../lab/git-server.ts";
import { answerBytes, answerWith, type Exchange, type FaultProxy, startFaultProxy } from "./fault-proxy.ts";
import { never, runGit, TestRepository } from "./repository.ts";

const branch = "sallyport/status/lab";
let repository: TestRepository;
let server: GitServer;
let proxy: FaultProxy;

beforeEach(async () => {
  repository = await TestRepository.create();
  server = await repository.serve();
  proxy = await startFaultProxy(server.address);
});

afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
  await server.close();
  await repository[Symbol.asyncDispose]();
});

const open = (): StatusBranch =>
  openStatusBranch({
    url: `${proxy.address}/egress.git`,
    branch,
    author: { name: "Sallyport", email: "sallyport@example.net" },
    clock: () => new Date(1_700_000_000_000),
  });

const onServer = (...args: string[]) => runGit(["-C", repository.bare, ...args]);
const files = (entries: Readonly<Record<string, string>>) => new Map(Object.entries(entries));

describe("publishing", () => {
  test("begins an orphan branch beside the manifests", async () => {
    const manifests = await repository.commit({ "a.yaml": "a\n" });
    const first = await open().publish(
      files({ "README.md": "# Ü\n", "nodes/w1.yaml": "a\n", "a/b/c.yaml": "" }),
      "First",
      never,
    );
    expect(first).toEqual({ kind: "pushed", commit: await onServer("rev-parse", branch) });
    expect(await onServer("log", "--format=%an <%ae> %at %P|%s", branch)).toBe(
      "Sallyport <sallyport@example.net> 1700000000 |First",
    );
    expect(await onServer("ls-tree", "-r", "--name-only", branch)).toBe("README.md\na/b/c.yaml\nnodes/w1.yaml");
    expect(await onServer("show", `${branch}:README.md`)).toBe("# Ü");
    expect(await onServer("rev-parse", "main")).toBe(manifests);
    expect(await onServer("fsck", "--full", "--strict")).toBe("");
  });

  test("goes on from the tip, also in another process, and removes what is no longer there", async () => {
    await open().publish(files({ "README.md": "1\n", "old/gone.yaml": "x\n" }), "First", never);
    await open().publish(files({ "README.md": "2\n", "new.yaml": "y\n" }), "Second", never);
    expect(await onServer("log", "--format=%s", branch)).toBe("Second\nFirst");
    expect(await onServer("ls-tree", "-r", "--name-only", branch)).toBe("README.md\nnew.yaml");
  });

  test("pushes nothing when the content is unchanged", async () => {
    const content = files({ "README.md": "1\n", "nodes/w1.yaml": "a\n" });
    const status = open();
    const { commit } = (await status.publish(content, "First", never)) as { commit: string };
    proxy.exchanges.length = 0;
    expect(await status.publish(content, "Second", never)).toEqual({ kind: "unchanged", commit });
    expect(await open().publish(content, "Third", never)).toEqual({ kind: "unchanged", commit });
    expect(proxy.exchanges.filter(({ request }) => request.includes("receive-pack"))).toEqual([]);
  });

  test("sends only what changed", async () => {
    const many = Object.fromEntries(
      Array.from({ length: 300 }, (_, index) => [`nodes/w${index}.yaml`, `node: ${index}\n`]),
    );
    await open().publish(files(many), "First", never);
    await open().publish(files({ ...many, "README.md": "0\n" }), "Second", never);
    const fresh = open();
    proxy.exchanges.length = 0;
    await fresh.publish(files({ ...many, "README.md": "1\n" }), "Third", never);
    const push = proxy.exchanges.find(({ request }) => request === "POST /egress.git/git-receive-pack");
    expect(Number(push?.requestBytes)).toBeLessThan(700);
  });
});

describe("a lost race", () => {
  test.each([
    { moment: "after we looked at the tip", last: "POST /egress.git/git-upload-pack" },
    { moment: "after the push looked once more", last: "GET /egress.git/info/refs?service=git-receive-pack" },
  ])("$moment: the content goes on top of the other's commit", async ({ last }) => {
    const mine = open();
    await mine.publish(files({ "README.md": "0\n" }), "Start", never);
    proxy.fault = (exchange, response) => {
      if (exchange.request !== last) return false;
      proxy.fault = undefined;
      answerAfter(pushDirectly({ "README.md": "other\n", "other.yaml": "o\n" }, "Other"), exchange, response);
      return true;
    };
    expect(await mine.publish(files({ "README.md": "mine\n" }), "Mine", never)).toMatchObject({ kind: "pushed" });
    expect((await onServer("log", "--format=%s", branch)).split("\n")).toEqual(["Mine", "Other", "Start"]);
    expect(await onServer("ls-tree", "-r", "--name-only", branch)).toBe("README.md");
  });

  test("four writers at once: every commit is kept, the last content stands", async () => {
    await open().publish(files({ "README.md": "0\n" }), "Start", never);
    const writers = [1, 2, 3, 4].map((index) =>
      open().publish(files({ "README.md": `${index}\n` }), `Writer ${index}`, never),
    );
    expect((await Promise.all(writers)).map(({ kind }) => kind)).toEqual(["pushed", "pushed", "pushed", "pushed"]);
    const subjects = (await onServer("log", "--format=%s", branch)).split("\n");
    expect([...subjects].sort()).toEqual(["Start", "Writer 1", "Writer 2", "Writer 3", "Writer 4"]);
    expect(`Writer ${await onServer("show", `${branch}:README.md`)}`).toBe(subjects[0]);
  });

  test("is given up after five tries", async () => {
    const mine = open();
    await mine.publish(files({ "README.md": "0\n" }), "Start", never);
    let others = 0;
    proxy.fault = (exchange, response) => {
      if (!exchange.request.startsWith("GET") || !exchange.request.includes("receive-pack")) return false;
      others++;
      answerAfter(pushDirectly({ "README.md": `other ${others}\n` }, `Other ${others}`), exchange, response);
      return true;
    };
    expect(await mine.publish(files({ "README.md": "mine\n" }), "Mine", never)).toMatchObject({
      kind: "failed",
      class: "transient",
      message: expect.stringContaining("moved by somebody else 5 times in a row"),
    });
    expect(others).toBe(5);
  });
});

describe("failures", () => {
  test("a hook that refuses is permanent and says why", async () => {
    const hook = join(repository.bare, "hooks", "pre-receive");
    await writeFile(hook, "#!/bin/sh\necho 'status branches are not welcome'\nexit 1\n");
    await chmod(hook, 0o755);
    const failure = await open().publish(files({ "README.md": "1\n" }), "First", never);
    expect(failure).toMatchObject({ kind: "failed", class: "permanent" });
    expect(failure.kind === "failed" && failure.message).toMatch(
      /pre-receive hook declined; status branches are not welcome/,
    );
    expect(
      proxy.exchanges.filter(({ request }) => request.startsWith("POST") && request.includes("receive-pack")),
    ).toHaveLength(1);
  });

  test("a token that may only read is an auth failure", async () => {
    proxy.fault = (exchange, response) =>
      exchange.request.includes("receive-pack") && answerWith(403, {})(exchange, response);
    expect(await open().publish(files({ "README.md": "1\n" }), "First", never)).toMatchObject({ class: "auth" });
  });

  test("an answer to a push that is cut is transient; the next try sees what really happened", async () => {
    const status = open();
    proxy.fault = (exchange, response) =>
      exchange.request === "POST /egress.git/git-receive-pack" &&
      answerBytes(exchange.answer.subarray(0, 10))(exchange, response);
    const content = files({ "README.md": "1\n" });
    expect(await status.publish(content, "First", never)).toMatchObject({ kind: "failed", class: "transient" });
    proxy.fault = undefined;
    expect(await status.publish(content, "Second", never)).toMatchObject({ kind: "unchanged" });
    expect(await onServer("log", "--format=%s", branch)).toBe("First");
  });

  test("a branch that was deleted begins anew", async () => {
    const status = open();
    await status.publish(files({ "README.md": "1\n" }), "First", never);
    await onServer("update-ref", "-d", `refs/heads/${branch}`);
    expect(await status.read(never)).toBeUndefined();
    await status.publish(files({ "README.md": "1\n" }), "Anew", never);
    expect(await onServer("log", "--format=%s", branch)).toBe("Anew");
  });

  test("the signal ends publishing with its reason", async () => {
    await expect(open().publish(files({ a: "" }), "First", AbortSignal.abort(new Error("stopped")))).rejects.toThrow(
      "stopped",
    );
  });
});

describe("reading back", () => {
  test("gives the files as they were published", async () => {
    expect(await open().read(never)).toBeUndefined();
    const content = files({ "README.md": "# Ü\n", "nodes/w1.yaml": "a\n", "a/b/c.yaml": "" });
    await open().publish(content, "First", never);
    const read = await open().read(never);
    expect(read instanceof Map && new Map([...read].sort())).toEqual(new Map([...content].sort()));
  });

  test("an unreachable server is a failure, not an absent branch", async () => {
    proxy.fault = answerWith(503, {});
    expect(await open().read(never)).toMatchObject({ kind: "failed", class: "transient" });
  });
});

async function answerAfter(event: Promise<void>, exchange: Exchange, response: ServerResponse): Promise<void> {
  await event;
  response.writeHead(exchange.status, { "content-type": exchange.type });
  response.end(exchange.answer);
}

/** Another writer, with git itself and past the proxy. */
async function pushDirectly(content: Readonly<Record<string, string>>, message: string): Promise<void> {
  await repository.git("fetch", "--quiet", repository.bare, branch);
  await repository.git("checkout", "--quiet", "--detach", "FETCH_HEAD");
  await repository.commit(content, message, branch);
}

test.each(["", "a b", "a..b", "a.lock", "-a", "a/.b", "a/", "a~1", "a\n", "@{u}", "ä"])(
  "%j is no name for a branch",
  (name) => {
    const author = { name: "Sallyport", email: "sallyport@example.net" };
    const options = { url: "http://git.example.net/a.git", branch: name, author, clock: () => new Date(0) };
    expect(() => openStatusBranch(options)).toThrow("is no name for a branch");
  },
);
