import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { execa } from "execa";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const sallyport = fileURLToPath(new URL("../../cli/sallyport.js", import.meta.url));
const zshComplete = fileURLToPath(new URL("zsh-complete.zsh", import.meta.url));
const shells = ["bash", "zsh", "fish"] as const;

/** As `--help` lists them. */
let verbs: string[] = [];

/** Holds the scripts, and a folder `files` to complete names in. */
let folder = "";

beforeAll(async () => {
  const { stdout: help } = await execa("node", [sallyport, "--help"]);
  const listed = help.slice(help.indexOf("Commands:")).matchAll(/^ {2}(\w+)/gm);
  verbs = [...listed]
    .map(([, name]) => name as string)
    .filter((name) => name !== "help")
    .sort();
  folder = await mkdtemp(join(tmpdir(), "sallyport-completion-"));
  await mkdir(join(folder, "files", "manifests"), { recursive: true });
  await writeFile(join(folder, "files", "cluster.json"), "");
  for (const shell of shells) {
    const { stdout } = await execa("node", [sallyport, "completion", shell]);
    await writeFile(join(folder, shell), stdout);
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** What the real shell offers in place of the last word, sorted. */
async function offered(shell: (typeof shells)[number], line: string): Promise<string[]> {
  const options = { cwd: join(folder, "files"), env: { HOME: folder, TERM: "dumb" } };
  const script = join(folder, shell);
  const args = {
    bash: ["-c", completeInBash, "bash", script, ...line.split(" ")],
    zsh: [zshComplete, script, line],
    fish: ["--no-config", "-c", `source ${script}; complete -C "$argv"`, line],
  };
  const { stdout } = await execa(shell, args[shell], options);
  const names = stdout.split("\n").map((text) => text.split("\t")[0]?.replace(/\/$/, "") ?? "");
  return [...new Set(names)].filter((name) => name !== "").sort();
}

const completeInBash = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); $(complete -p sallyport | cut -d' ' -f3)
printf '%s\\n' "\${COMPREPLY[@]}"`;

describe.each(shells)("%s", (shell) => {
  test("all verbs", async () => {
    expect(verbs).toContain("plan");
    expect(await offered(shell, "sallyport ")).toEqual(verbs);
  });

  test.each([
    { line: "sallyport pl", offers: ["plan"] },
    { line: "sallyport plan --h", offers: ["--head", "--help"] },
    { line: "sallyport plan --inventory ", offers: ["cluster.json", "manifests"] },
    { line: "sallyport plan --repo ", offers: ["manifests"] },
    { line: "sallyport plan --base ", offers: [] },
    { line: "sallyport plan --repo manifests --in", offers: ["--inventory"] },
    { line: "sallyport check --json ", offers: ["cluster.json", "manifests"] },
    { line: "sallyport lab ", offers: ["down", "exec", "status", "up"] },
    { line: "sallyport lab up --no", offers: ["--nodes"] },
    { line: "sallyport completion ", offers: ["bash", "fish", "zsh"] },
  ])("$line⇥ offers $offers", async ({ line, offers }) => {
    expect(await offered(shell, line)).toEqual(offers);
  });
});

test("every verb has an example in its help", async () => {
  for (const verb of verbs) {
    const { stdout } = await execa("node", [sallyport, verb, "--help"]);
    expect(stdout, verb).toMatch(/^Examples?:\n {2}.*sallyport/m);
  }
});
