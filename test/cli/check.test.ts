import { chmod, readdir, stat, symlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { cluster, group, policy } from "../policies/manifests/files.ts";
import { tree } from "./tree.ts";

// The command itself, as a process in the root of a tree of these files.

const GROUP = group("192.168.1.100");
const BROKEN = policy().replace("spec:", "spec");
const BROKEN_LINE = 5;

describe("sallyport check", () => {
  test("a clean tree", async () => {
    await using files = await tree({ "group.yaml": GROUP, "sub/policy.yml": policy(), "README.md": "# text" });
    const { stdout, stderr, exitCode } = await files.check(".");
    expect({ stdout, stderr, exitCode }).toEqual({ stdout: "no findings in 2 files", stderr: "", exitCode: 0 });
  });

  test("warnings and notes alone are no failure", async () => {
    await using files = await tree({ "a.yaml": `\uFEFF${GROUP}---\n${cluster("overlay: {port: 4789}")}` });
    const { stdout, exitCode } = await files.check("a.yaml");
    expect(stdout).toBe(
      [
        "a.yaml:1:1: note: the file begins with a byte order mark (U+FEFF) (byte-order-mark)",
        "    fix: save it without",
        "a.yaml:7:19: warning: port 4789 is where other VXLAN devices listen; one with group policy cannot share it (shared-port)",
        "    fix: choose a private port such as 4790",
        "1 warning, 1 note in 1 file",
      ].join("\n"),
    );
    expect(exitCode).toBe(0);
  });

  test("an error, for people", async () => {
    await using files = await tree({ "group.yaml": GROUP, "policy.yaml": BROKEN });
    const { stdout, exitCode } = await files.check("group.yaml", "policy.yaml");
    expect(stdout).toBe(
      [
        `policy.yaml:${BROKEN_LINE}:1: error: spec has no colon behind it (missing-colon)`,
        "    fix: write spec:",
        "1 error in 2 files; --fix repairs 1",
      ].join("\n"),
    );
    expect(exitCode).toBe(1);
  });

  test("an error, for programs", async () => {
    await using files = await tree({ "group.yaml": GROUP, "policy.yaml": BROKEN });
    const [json, github, sarif] = await Promise.all(
      ["--json", "--github", "--sarif"].map((format) => files.check(".", format)),
    );
    expect([json, github, sarif].map((result) => [result?.exitCode, result?.stderr])).toEqual(Array(3).fill([1, ""]));
    expect(JSON.parse(String(json?.stdout))).toEqual({
      findings: [
        {
          code: "missing-colon",
          severity: "error",
          message: "spec has no colon behind it",
          fix: "write spec:",
          file: "policy.yaml",
          line: BROKEN_LINE,
          column: 1,
          object: { kind: "EgressNATPolicy", name: "alice" },
        },
      ],
      errors: 1,
      warnings: 0,
    });
    expect(github?.stdout).toBe(
      `::error file=policy.yaml,line=${BROKEN_LINE},col=1,title=missing-colon::spec has no colon behind it%0Afix: write spec:\n1 error in 2 files; --fix repairs 1`,
    );
    expect(JSON.parse(String(sarif?.stdout))).toMatchObject({ version: "2.1.0", runs: [{ results: [{}] }] });
  });

  test.each([
    { name: "no path", args: [], says: "missing required argument 'path'" },
    { name: "two formats", args: ["--json", "--sarif", "."], says: "'--json' cannot be used with option '--sarif'" },
    { name: "a path that is nowhere", args: [".", "nowhere"], says: "error: there is no file or folder nowhere" },
    { name: "an unknown option", args: ["--yaml", "."], says: "unknown option '--yaml'" },
  ])("misuse: $name", async ({ args, says }) => {
    await using files = await tree({ "group.yaml": GROUP });
    const { stdout, stderr, exitCode } = await files.check(...args);
    expect([stdout, exitCode]).toEqual(["", 2]);
    expect(stderr).toContain(says);
  });
});

describe("sallyport check --fix", () => {
  test("repairs what is certain, says it, and then what remains; a second run changes nothing", async () => {
    const crlf = `\uFEFF${BROKEN.replaceAll("\n", "\r\n")}`;
    const other = "kind: ConfigMap\ndata: {a: — b}\n";
    await using files = await tree({
      "group.yaml": group("192.168.1.100, x"),
      "policy.yaml": crlf,
      "other.yaml": other,
    });
    await chmod(join(files.path, "policy.yaml"), 0o640);
    const first = await files.check("--fix", ".");
    expect(first.stdout.split("\n")).toEqual([
      `policy.yaml:${BROKEN_LINE}: repaired: spec has no colon behind it`,
      expect.stringContaining('error: spec.floatingIPs[1] "x" is not an IP address (invalid-address)'),
      expect.stringContaining("fix: "),
      expect.stringContaining("(byte-order-mark)"),
      expect.stringContaining("fix: "),
      expect.stringContaining("(carriage-return)"),
      expect.stringContaining("fix: "),
      "1 error, 2 notes in 3 files",
    ]);
    expect(first.exitCode).toBe(1);
    expect(await files.read("policy.yaml")).toBe(crlf.replace("spec\r\n", "spec:\r\n"));
    expect(await files.read("other.yaml")).toBe(other);
    expect((await stat(join(files.path, "policy.yaml"))).mode & 0o777).toBe(0o640);
    expect((await readdir(files.path)).sort()).toEqual(["group.yaml", "other.yaml", "policy.yaml"]);

    const before = await stat(join(files.path, "policy.yaml"));
    const second = await files.check("--fix", "--json", ".");
    expect(JSON.parse(second.stdout)).toMatchObject({ errors: 1, repaired: [] });
    expect((await stat(join(files.path, "policy.yaml"))).ino).toBe(before.ino);
  });

  test("the mistakes of the printed document: a lost colon, and dashes for hyphens in an indented block", async () => {
    const head = (name: string) =>
      `kind: NetworkGatewayGroup\napiVersion: networking.gke.io/v1\nmetadata:\n  namespace: kube-system\n  name: ${name}\n`;
    const tracking = `${head("a")}spec:\n  floatingIPs:\n  — 192.168.1.100\n---\n${head("b")}spec:\n  floatingIPs:\n  — 192.168.1.101\n`;
    await using files = await tree({
      "my-ngg.yaml": `${head("default")}spec\n  floatingIPs:\n  - 192.168.1.100\n  - 192.168.1.101\n`,
      "tracking.yaml": tracking.replace(/^/gm, "    "),
    });
    const told = await files.check(".");
    expect(told.stdout.split("\n").filter((line) => line.includes(": error: "))).toEqual([
      "my-ngg.yaml:6:1: error: spec has no colon behind it (missing-colon)",
      "tracking.yaml:8:7: error: U+2014 EM DASH stands where YAML needs a hyphen (-) (typographic-character)",
      "tracking.yaml:9:5: error: the document separator is indented, so it is none (indented-separator)",
      "tracking.yaml:17:7: error: U+2014 EM DASH stands where YAML needs a hyphen (-) (typographic-character)",
    ]);
    expect((await files.check("--fix", ".")).stdout.split("\n").at(-1)).toBe("no findings in 2 files");
  });

  test("reports repairs beside a document too", async () => {
    await using files = await tree({ "group.yaml": GROUP, "policy.yaml": BROKEN });
    const { stdout, exitCode } = await files.check("--fix", "--json", ".");
    expect(JSON.parse(stdout)).toEqual({
      findings: [],
      errors: 0,
      warnings: 0,
      repaired: [
        {
          file: "policy.yaml",
          line: BROKEN_LINE,
          column: 1,
          code: "missing-colon",
          message: "spec has no colon behind it",
        },
      ],
    });
    expect(exitCode).toBe(0);
  });

  test("never writes through a symbolic link", async () => {
    await using files = await tree({ "tree/group.yaml": GROUP, "outside.yaml": BROKEN, "tree/data.txt": BROKEN });
    await symlink("../outside.yaml", join(files.path, "tree/out.yaml"));
    await symlink("data.txt", join(files.path, "tree/in.yaml"));
    const { stdout, stderr, exitCode } = await files.check("--fix", "tree");
    expect(stdout).toContain("tree/out.yaml:1:1: error: the symbolic link leads to no file of this tree");
    expect(stdout).toContain(`tree/in.yaml:${BROKEN_LINE}:1: error: spec has no colon`);
    expect(stderr).toBe("tree/in.yaml: not repaired: it is a symbolic link; name the file it leads to");
    expect(exitCode).toBe(1);
    expect(await files.read("outside.yaml")).toBe(BROKEN);
    expect(await files.read("tree/data.txt")).toBe(BROKEN);
    expect((await readdir(join(files.path, "tree"))).sort()).toEqual(["data.txt", "group.yaml", "in.yaml", "out.yaml"]);
  });
});
