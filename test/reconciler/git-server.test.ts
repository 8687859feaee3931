import { existsSync } from "node:fs";
import { request } from "node:http";
import { connect } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { serveGit } from "../lab/git-server.ts";
import { runGit, TestRepository } from "./repository.ts";

test("git itself pushes, clones and hears of a push", async () => {
  await using repository = await TestRepository.create();
  const pushed: string[] = [];
  await using server = await repository.serve((name) => pushed.push(name));
  const url = `${server.address}/egress.git`;
  await repository.write({
    "a.yaml": "a: 1\n",
    "large.bin": new Uint8Array(3_000_000).map((_, index) => index * index),
  });
  await repository.git("add", "--all");
  await repository.git("commit", "--quiet", "-m", "First");
  // Small buffers make git send chunks without a length, and compressed ones.
  await repository.git("-c", "http.postBuffer=65536", "push", "--quiet", url, "HEAD:main");
  expect(pushed).toEqual(["egress.git"]);
  const clone = join(repository.folder, "clone");
  await runGit(["clone", "--quiet", url, clone]);
  expect(existsSync(join(clone, "large.bin"))).toBe(true);
  expect(pushed).toEqual(["egress.git"]);
});

test("protocol version 2 is offered, with filters", async () => {
  await using repository = await TestRepository.create();
  await using server = await repository.serve();
  const answer = await fetch(`${server.address}/egress.git/info/refs?service=git-upload-pack`, {
    headers: { "git-protocol": "version=2" },
  });
  expect(await answer.text()).toMatch(/^000eversion 2\n.*fetch=[^\n]*filter/s);
});

test.each(["/nothing.git/info/refs?service=git-upload-pack", "/../../etc/passwd", "/egress.git/config"])(
  "%s is not found",
  async (path) => {
    await using repository = await TestRepository.create();
    await using server = await repository.serve();
    const { port } = new URL(server.address);
    const status = await new Promise((resolve, reject) => {
      request({ port, path }, (response) => resolve(response.resume().statusCode))
        .on("error", reject)
        .end();
    });
    expect(status).toBeGreaterThanOrEqual(403);
  },
);

test("the same on a unix socket", async () => {
  await using repository = await TestRepository.create();
  const socketPath = join(repository.folder, "git.sock");
  await using server = await serveGit({ root: join(repository.folder, "served"), socketPath });
  expect(server.address).toBe(socketPath);
  const path = "/egress.git/info/refs?service=git-upload-pack";
  const body = await new Promise<string>((resolve, reject) => {
    request({ socketPath, path }, (response) => text(response).then(resolve, reject))
      .on("error", reject)
      .end();
  });
  expect(body).toContain("# service=git-upload-pack");
});

test("closing ends requests that are under way, and the processes behind them", async () => {
  await using repository = await TestRepository.create();
  const server = await repository.serve();
  const { port, hostname } = new URL(server.address);
  const socket = connect(Number(port), hostname);
  const ended = new Promise((resolve) => socket.on("error", resolve).on("close", resolve));
  // Announces more than it sends: git http-backend waits for the rest.
  const head = "POST /egress.git/git-receive-pack HTTP/1.1\r\nhost: git\r\ncontent-length: 1000\r\n";
  socket.write(`${head}content-type: application/x-git-receive-pack-request\r\n\r\n0000`);
  await new Promise((resolve) => socket.once("connect", resolve));
  await server.close();
  await ended;
  await expect(fetch(server.address)).rejects.toThrow();
});
