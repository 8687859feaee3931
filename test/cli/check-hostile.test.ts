import { mkdir, symlink, truncate } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { execa } from "execa";
import { expect, test } from "vitest";
import { group, policy } from "../policies/manifests/files.ts";
import { tree } from "./tree.ts";

// A tree that somebody made to stop the command: it ends, within the memory test/cli/tree.ts gives it, and says of each file
// what is wrong with it. What hostile text can do is in test/policies/manifests/hostile.test.ts.

const GROUP = group("192.168.1.100");
const ALIASES = Array.from({ length: 9 }, (_, i) => `k${i}: &a${i} [${i === 0 ? "x" : Array(9).fill(`*a${i - 1}`)}]\n`);

const FILES: Readonly<Record<string, readonly [content: string | Uint8Array, finding: string | undefined]>> = {
  "group.yaml": [GROUP, undefined],
  "huge.yaml": ["", "1:1: error: the file is larger than 1048576 bytes"],
  "aliases.yaml": [ALIASES.join(""), "5:30: error: the aliases of this document"],
  "bom-crlf.yaml": [`\uFEFF${policy().replaceAll("\n", "\r\n")}`, "1:1: note: the file begins with a byte order mark"],
  "brackets.yaml": ["[".repeat(900_000), "1:100: error: the document is nested deeper than 100 levels"],
  "Case.yaml": ["", undefined],
  "case.yaml": ["", "1:1: warning: this file's name differs from Case.yaml only by case"],
  "documents.yaml": ["---\nkind: ConfigMap\n".repeat(10_000), undefined],
  "json.json": ['{"a": '.repeat(150_000), "1:590: error: the document is nested deeper than 100 levels"],
  "latin.yaml": [Uint8Array.of(0x61, 0x3a, 0x20, 0xe4, 0x0a), "1:4: error: the byte 0xe4 begins no UTF-8 character"],
  "nul.yaml": ["kind: a\0", "1:8: error: the file contains a NUL character"],
  "proto.yaml": [
    `${GROUP.replace("name: default", "name: a, __proto__: {}")}`,
    '1:107: error: metadata has no field "__proto__"',
  ],
  "sub/.git": ["gitdir: ../.git/modules/sub\n", undefined],
  "sub/policy.yaml": [policy({}, "b"), undefined],
  "\u001b[31m.yaml": [GROUP, undefined],
};

const makePipe = (path: string) => execa("sh", ["-c", 'mkfifo "$1"', "-", path]);

test("a tree of files made to stop the command", async () => {
  await using files = await tree(Object.fromEntries(Object.entries(FILES).map(([path, [content]]) => [path, content])));
  const at = (name: string) => join(files.path, name);
  await truncate(at("huge.yaml"), 100 * 2 ** 20);
  await makePipe(at("pipe.yaml"));
  await symlink("/etc/passwd", at("outside.yaml"));
  await symlink("circle.yaml", at("circle.yaml"));
  await symlink("..", at("up"));
  await mkdir(at(`${"d/".repeat(20)}`), { recursive: true });
  const socket = createServer().listen(at("socket.yaml"));
  try {
    const { stdout, exitCode, timedOut } = await files.check(".");
    expect({ exitCode, timedOut }).toEqual({ exitCode: 1, timedOut: false });
    const said = stdout.split("\n").filter((line) => /^\S+:\d+:\d+: /.test(line));
    expect(said.filter((line) => line.includes(": error: "))).toHaveLength(13);
    for (const [path, [, finding]] of Object.entries(FILES)) {
      const own = said.filter((line) => line.startsWith(`${path}:`));
      if (finding === undefined) expect(own).toEqual([]);
      else expect(own[0]).toContain(`${path}:${finding}`);
    }
    expect(said).toEqual(
      expect.arrayContaining(
        [
          ["circle.yaml", "symlink-outside"],
          ["outside.yaml", "symlink-outside"],
          ["pipe.yaml", "not-a-file"],
          ["socket.yaml", "not-a-file"],
          ["sub", "submodule"],
          ["\uFFFD[31m.yaml", "unsafe-name"],
        ].map(([path, code]) => expect.stringMatching(`^${path?.replace("[", "\\[")}:1:1: error: .* \\(${code}\\)$`)),
      ),
    );
  } finally {
    socket.close();
  }
});

test("named one by one they are no different", async () => {
  await using files = await tree({ "\u001b[31m.yaml": GROUP });
  await makePipe(join(files.path, "pipe.yaml"));
  await symlink("circle.yaml", join(files.path, "circle.yaml"));
  const { stdout, exitCode } = await files.check("\u001b[31m.yaml", "pipe.yaml", "circle.yaml", "/dev/zero");
  expect(stdout.split("\n").filter((line) => line.startsWith("    "))).toHaveLength(4);
  expect(stdout).not.toContain("\u001b");
  expect(exitCode).toBe(1);
});

test("a reader that has seen enough is no failure", async () => {
  await using files = await tree({ "a.yaml": `${GROUP.replace("default", "_")}---\n`.repeat(150) });
  const { stderr } = await execa("sh", ["-c", '"$@" | head -1', "-", process.execPath, files.program, "check", "."], {
    cwd: files.path,
  });
  expect(stderr).toBe("");
});
