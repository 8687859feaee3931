import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ManifestFile } from "../../policies/manifests/file.ts";
import { readManifestPaths } from "../../reconciler/source/files.ts";
import { openLocalRepository } from "../../reconciler/source/local.ts";
import { openRemoteSource } from "../../reconciler/source/remote.ts";
import { defaultLimits, type SourceLimits } from "../../reconciler/source/source.ts";
import type { GitServer } from "../lab/git-server.ts";
import { never, TestRepository } from "./repository.ts";

// One tree, read in three ways. `under` is a folder of the repository.
type Reader = (commit: string, under: string, limits: SourceLimits) => Promise<readonly ManifestFile[]>;

let repository: TestRepository;
let server: GitServer;
let commit: string;

const readers: Readonly<Record<string, Reader>> = {
  remote: async (oid, path, limits) => {
    const source = openRemoteSource({ url: `${server.address}/egress.git`, path, limits });
    return filesOf(await source.read(oid, never));
  },
  local: async (oid, path, limits) => filesOf(await openLocalRepository(repository.bare, { path, limits }).read(oid)),
  files: (_oid, path, limits) => insideWorktree(() => readManifestPaths([path === "" ? "." : path], limits)),
};

beforeAll(async () => {
  repository = await TestRepository.create();
  server = await repository.serve();
  await repository.write({
    "README.md": "not a manifest",
    "group.yaml": "kind: NetworkGatewayGroup\n",
    "clusters/a/policy.yml": "kind: EgressNATPolicy\n",
    "clusters/a/list.JSON": "{}\n",
    "clusters/a/empty.yaml": "",
    "clusters/a/latin1.yaml": Buffer.from([0x61, 0xe9, 0x0a]),
    "clusters/a/deeply/nested/folder/policy.yaml": "a: 1\n",
    "clusters/a.yaml/inside.yaml": "a folder may be called so\n",
    "clusters/a/notes.txt": { link: "/etc/passwd" },
    "links/inside.yaml": { link: "../group.yaml" },
    "links/roundabout.yaml": { link: "./../clusters/../group.yaml" },
    "links/outside.yaml": { link: "../../../etc/passwd" },
    "links/absolute.yaml": { link: "/etc/passwd" },
    "links/folder.yaml": { link: "../clusters" },
    "links/dangling.yaml": { link: "nowhere.yaml" },
    "links/loop.yaml": { link: "loop.yaml" },
    "large/exactly.yaml": "#".repeat(2000),
    "large/one-more.yaml": "#".repeat(2001),
    "large/link.yaml": { link: "one-more.yaml" },
    "names/\u202egpj.yaml": "right-to-left override\n",
    "names/line\nbreak.yaml": "a line break\n",
    "names/ü.yaml": "fine\n",
  });
  commit = await repository.commit({});
});

afterAll(async () => {
  await server.close();
  await repository[Symbol.asyncDispose]();
});

const limits = { ...defaultLimits, fileBytes: 2000 };

describe.each(Object.entries(readers))("%s", (_name, read) => {
  test("reads the manifests below the root", async () => {
    expect((await read(commit, "", limits)).map(describeFile)).toEqual([
      "clusters/a.yaml/inside.yaml: 26 bytes",
      "clusters/a/deeply/nested/folder/policy.yaml: 5 bytes",
      "clusters/a/empty.yaml: 0 bytes",
      "clusters/a/latin1.yaml: 3 bytes",
      "clusters/a/list.JSON: 3 bytes",
      "clusters/a/policy.yml: 22 bytes",
      "group.yaml: 26 bytes",
      "large/exactly.yaml: 2000 bytes",
      "large/link.yaml: too-large",
      "large/one-more.yaml: too-large",
      "links/absolute.yaml: symlink-outside",
      "links/dangling.yaml: symlink-outside",
      "links/folder.yaml: symlink-outside",
      "links/inside.yaml: 26 bytes",
      "links/loop.yaml: symlink-outside",
      "links/outside.yaml: symlink-outside",
      "links/roundabout.yaml: 26 bytes",
      "names/line\uFFFDbreak.yaml: unsafe-name",
      "names/ü.yaml: 5 bytes",
      "names/\uFFFDgpj.yaml: unsafe-name",
    ]);
  });

  test("reads below a folder, with paths from the root; links may not leave the folder", async () => {
    expect((await read(commit, "clusters/a", limits)).map(describeFile)).toEqual([
      "clusters/a/deeply/nested/folder/policy.yaml: 5 bytes",
      "clusters/a/empty.yaml: 0 bytes",
      "clusters/a/latin1.yaml: 3 bytes",
      "clusters/a/list.JSON: 3 bytes",
      "clusters/a/policy.yml: 22 bytes",
    ]);
    expect((await read(commit, "links", limits)).map(describeFile)).toContain("links/inside.yaml: symlink-outside");
  });

  test.each([
    { name: "a folder that is not there", under: "clusters/b", limits, says: "clusters/b: missing" },
    {
      name: "more entries than allowed",
      under: "clusters",
      limits: { ...limits, entries: 9 },
      says: "clusters: tree-too-large",
    },
    { name: "nested too deeply", under: "clusters", limits: { ...limits, depth: 4 }, says: "clusters: tree-too-large" },
    { name: "too many bytes", under: "large", limits: { ...limits, totalBytes: 1999 }, says: "large: tree-too-large" },
  ])("$name is one entry with a problem", async ({ under, limits, says }) => {
    expect((await read(commit, under, limits)).map(describeFile)).toEqual([says]);
  });

  test.each([
    { name: "just as many entries", under: "clusters", limits: { ...limits, entries: 12 } },
    { name: "just as deep", under: "clusters", limits: { ...limits, depth: 5 } },
    { name: "just as many bytes", under: "large", limits: { ...limits, totalBytes: 2000 } },
  ])("$name is read", async ({ under, limits }) => {
    expect((await read(commit, under, limits)).map(describeFile)).not.toContain(`${under}: tree-too-large`);
  });

  test("content and blob ids are git's", async () => {
    const files = await read(commit, "", limits);
    for (const file of files.filter((candidate) => "bytes" in candidate && !candidate.path.startsWith("links/"))) {
      expect(file.blobId).toBe(await repository.git("rev-parse", `${commit}:${file.path}`));
    }
    const latin1 = files.find(({ path }) => path.endsWith("latin1.yaml"));
    expect(latin1 && "bytes" in latin1 && [...latin1.bytes]).toEqual([0x61, 0xe9, 0x0a]);
  });
});

test("a submodule is an entry with a problem", async () => {
  await using other = await TestRepository.create();
  await other.write({ "a.yaml": "a: 1\n" });
  await other.git("add", "--all");
  await other.git("update-index", "--add", "--cacheinfo", `160000,${"1".repeat(40)},vendor`);
  await other.git("commit", "--quiet", "-m", "With a submodule");
  const oid = await other.publish("HEAD");
  await using served = await other.serve();
  const remote = await openRemoteSource({ url: `${served.address}/egress.git` }).read(oid, never);
  const local = await openLocalRepository(other.bare).read(oid);
  for (const tree of [remote, local]) {
    expect(filesOf(tree).map(describeFile)).toEqual(["a.yaml: 5 bytes", "vendor: submodule"]);
  }
});

test("the commit is described alike", async () => {
  const oid = await repository.commit({}, "Subject\nsecond line\n\nBody");
  const remote = await openRemoteSource({ url: `${server.address}/egress.git` }).read(oid, never);
  const local = await openLocalRepository(repository.worktree).read(oid);
  const expected = {
    oid,
    tree: await repository.git("rev-parse", `${oid}^{tree}`),
    parents: [await repository.git("rev-parse", `${oid}^`)],
    author: { name: "Alice", email: "alice@example.net" },
    committedAtSeconds: 1_700_000_000,
    subject: "Subject",
  };
  expect(remote).toMatchObject({ kind: "tree", commit: expected });
  expect(local).toMatchObject({ kind: "tree", commit: expected });
});

function filesOf(result: { readonly kind: string; readonly files?: readonly ManifestFile[] }): readonly ManifestFile[] {
  if (result.files === undefined) throw new Error(JSON.stringify(result));
  return result.files;
}

function describeFile(file: ManifestFile): string {
  return `${file.path}: ${"bytes" in file ? `${file.bytes.length} bytes` : file.problem}`;
}

async function insideWorktree<T>(act: () => Promise<T>): Promise<T> {
  const before = process.cwd();
  process.chdir(repository.worktree);
  try {
    return await act();
  } finally {
    process.chdir(before);
  }
}
