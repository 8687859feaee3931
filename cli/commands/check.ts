import { stat } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { Checked } from "../findings/checked.ts";
import { findingsDocument } from "../print.ts";

interface Flags {
  json?: boolean;
  github?: boolean;
  sarif?: boolean;
  fix?: boolean;
}

const EXAMPLES = `
Examples:
  sallyport check clusters/prod                        all findings, for people
  sallyport check --fix clusters/prod                  repair typing mistakes whose mend is certain
  sallyport check --github clusters/prod               annotate a pull request, in a GitHub workflow
  sallyport check --sarif . > sallyport.sarif          for code scanning and editors
  sallyport check --json . | jq -r '.findings[].code'  for scripts

Exit codes: 0 no finding is an error, 1 one is, 2 misuse. docs/findings.md explains each code.`;

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("all findings of manifests on disk; exit 1 when one of them is an error")
    .argument("<path...>", "folders that are searched for *.yaml, *.yml and *.json, and files")
    .addOption(new Option("--json", "print one JSON document").conflicts(["github", "sarif"]))
    .addOption(new Option("--github", "print GitHub workflow commands").conflicts(["json", "sarif"]))
    .addOption(new Option("--sarif", "print one SARIF 2.1.0 document").conflicts(["json", "github"]))
    .option("--fix", "first write into the files what can be repaired with certainty")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], flags: Flags, command: Command) => {
      for (const path of paths) {
        if (await isMissing(path)) command.error(`error: there is no file or folder ${path}`);
      }
      const checked = await check(paths, flags.fix === true);
      if (checked.findings.some(({ severity }) => severity === "error")) process.exitCode = 1;
      for (const line of await render(checked, flags)) process.stdout.write(`${line}\n`);
    });
}

/** A path that is there but cannot be read is a finding. */
async function isMissing(path: string): Promise<boolean> {
  return await stat(path).then(
    () => false,
    ({ code }: NodeJS.ErrnoException) => code === "ENOENT" || code === "ENOTDIR",
  );
}

async function check(paths: readonly string[], fix: boolean): Promise<Checked> {
  const { readManifests } = await import("../../policies/manifests/read.ts");
  const { readManifestPaths } = await import("../../reconciler/source/files.ts");
  const files = await readManifestPaths(paths);
  if (!fix) return { files, findings: readManifests(files).findings, repaired: [] };
  const { repairFiles } = await import("../repair.ts");
  const repairing = await repairFiles(files);
  for (const failure of repairing.failures) process.stderr.write(`${failure}\n`);
  return { ...repairing, findings: readManifests(repairing.files).findings };
}

async function render(checked: Checked, { json, github, sarif, fix }: Flags): Promise<string[]> {
  const { findings, repaired } = checked;
  if (json) return [JSON.stringify({ ...findingsDocument(findings), ...(fix ? { repaired } : {}) })];
  const { describeChecked, describeRepairs, summarize } = await import("../findings/people.ts");
  if (sarif) {
    for (const line of describeRepairs(checked)) process.stderr.write(`${line}\n`);
    return [JSON.stringify((await import("../findings/sarif.ts")).sarifLog(findings))];
  }
  if (!github) return describeChecked(checked, process.stdout);
  const { workflowCommand } = await import("../findings/github.ts");
  return [...describeRepairs(checked), ...findings.map(workflowCommand), summarize(checked)];
}
