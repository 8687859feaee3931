import { type Command, Option } from "commander";
import type { PlanFlags } from "../plan/run.ts";

const EXAMPLES = `
The base is where the head branched off, as in \`git diff base...head\`. Floating IPs are taken to be where the
reconciler's status branch has them, if this clone has it; where it was not fetched:
  git fetch origin '+refs/heads/sallyport/*:refs/remotes/origin/sallyport/*'

Examples:
  sallyport plan --repo . --inventory cluster.json                      the last commit
  sallyport plan --repo . --base origin/main --inventory cluster.json   a branch that is to be merged
  sallyport plan --repo . --drain worker1 --inventory cluster.json      what draining a node would do
  sallyport plan --repo . --base origin/main --inventory cluster.json --markdown > comment.md

Exit codes: 0 no effect, 1 some, 2 the commit would be rejected, has a new error, or misuse, 3 cannot read what it
needs. docs/json.md describes what --json prints.`;

export function addPlanCommand(program: Command): void {
  program
    .command("plan")
    .description("the effect of a change on traffic, told before it is merged")
    .requiredOption("--repo <directory>", "a local Git repository")
    .option("--path <folder>", "folder of the repository that holds the cluster's manifests", "")
    .option("--base <ref>", "before (default: the head's parent, or with --drain the head itself)")
    .option("--head <ref>", "after", "HEAD")
    .option("--cluster <name>", "name of the cluster (default: the only one that has a status branch)")
    .requiredOption(
      "--inventory <file>",
      "what `kubectl get nodes,namespaces,pods -A -o json` prints; - is standard input",
    )
    .option(
      "--drain <node>",
      "as if this node were drained; can be repeated",
      (node, list) => [...list, node],
      [] as string[],
    )
    .addOption(new Option("--json", "print one JSON document").conflicts("markdown"))
    .addOption(new Option("--markdown", "print a comment for a pull request").conflicts("json"))
    .addHelpText("after", EXAMPLES)
    .action(async (flags: PlanFlags, command: Command) => {
      const { makePlanDocument, planExitCode, renderPlan } = await import("../plan/run.ts");
      const document = await makePlanDocument(flags);
      if (typeof document === "string") return command.error(`error: ${document}`);
      process.stdout.write(renderPlan(document, flags, process.stdout));
      process.exitCode = planExitCode(document);
    });
}
