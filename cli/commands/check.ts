import type { Command } from "commander";
import { countSeverity, describeFinding, findingsDocument } from "../print.ts";

export function addCheckCommand(program: Command): void {
  program
    .command("check")
    .description("all findings of manifests on disk; exit 1 when one of them is an error")
    .argument("<path...>", "files and folders")
    .option("--json", "print one JSON document")
    .addHelpText("after", "\nExample:\n  sallyport check clusters/prod")
    .action(async (paths: string[], flags: { json?: boolean }) => {
      const { readManifests } = await import("../../policies/manifests/read.ts");
      const { readManifestPaths } = await import("../../reconciler/source/files.ts");
      const { findings } = readManifests(await readManifestPaths(paths));
      const errors = countSeverity(findings, "error");
      if (flags.json) process.stdout.write(`${JSON.stringify(findingsDocument(findings))}\n`);
      else {
        for (const finding of findings) process.stderr.write(`${describeFinding(finding, process.stderr)}\n`);
        process.stdout.write(`${errors} errors, ${countSeverity(findings, "warning")} warnings\n`);
      }
      if (errors > 0) process.exitCode = 1;
    });
}
