/**
 * The `sallyport` command: parses the command line and hands over to the part that does the work. Exit codes: 0 fine,
 * 1 findings or a difference, 2 misuse, 3 could not reach what it needs.
 */
import { Command, CommanderError } from "commander";
import { addAgentCommand } from "./commands/agent.ts";
import { addCheckCommand } from "./commands/check.ts";
import { addReconcileCommand } from "./commands/reconcile.ts";
import { addUninstallCommand } from "./commands/uninstall.ts";
import { packageVersion } from "./version.ts";

/** @param argv as in process.argv. Sets process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  // A long-running process carries only the part it runs: `agent` and `reconcile` do without the others' modules.
  const daemon = ["agent", "reconcile"].includes(argv[2] ?? "");
  const program = new Command("sallyport")
    .description("GitOps egress NAT gateway for Kubernetes")
    .version(packageVersion())
    .showHelpAfterError("(add --help for usage)")
    .exitOverride();
  addCheckCommand(program);
  if (!daemon) (await import("./commands/plan.ts")).addPlanCommand(program);
  addReconcileCommand(program);
  addAgentCommand(program);
  addUninstallCommand(program);
  if (!daemon) (await import("./commands/lab.ts")).addLabCommand(program);
  try {
    await program.parseAsync(argv);
  } catch (error) {
    // Commander has already printed what is wrong (or the help that was asked for).
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else fail(error);
  }
}

function fail(error: unknown): void {
  process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 3;
}
