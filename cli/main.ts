/**
 * The `sallyport` command: parses the command line and hands over to the part that does the work. Exit codes: 0 fine,
 * 1 findings or a difference, 2 misuse, 3 could not reach what it needs.
 */
import { Command, CommanderError } from "commander";
import { packageVersion } from "./version.ts";

/** @param argv as in process.argv. Sets process.exitCode. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on("error", stopWhenUnread);
  try {
    const program = await buildProgram(argv[2] ?? "");
    await program.parseAsync(argv);
  } catch (error) {
    // Commander has already printed what is wrong (or the help that was asked for).
    if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
    else fail(error);
  }
}

type Add = (program: Command) => void;

/** In the order of the help. */
const verbs = new Map<string, () => Promise<Add>>([
  ["check", async () => (await import("./commands/check.ts")).addCheckCommand],
  ["plan", async () => (await import("./commands/plan.ts")).addPlanCommand],
  ["explain", async () => (await import("./commands/explain.ts")).addExplainCommand],
  ["reconcile", async () => (await import("./commands/reconcile.ts")).addReconcileCommand],
  ["agent", async () => (await import("./commands/agent.ts")).addAgentCommand],
  ["preflight", async () => (await import("./commands/preflight.ts")).addPreflightCommand],
  ["uninstall", async () => (await import("./commands/uninstall.ts")).addUninstallCommand],
  ["lab", async () => (await import("./commands/lab.ts")).addLabCommand],
  ["completion", async () => (await import("./commands/completion.ts")).addCompletionCommand],
]);

/** A process carries only the verb it runs. Help and completion speak of all. */
async function buildProgram(verb: string): Promise<Command> {
  const program = new Command("sallyport")
    .description("GitOps egress NAT gateway for Kubernetes")
    .version(packageVersion())
    .showHelpAfterError("(add --help for usage)")
    .exitOverride();
  const only = verb === "completion" ? undefined : verbs.get(verb);
  const loaders = only === undefined ? [...verbs.values()] : [only];
  for (const add of await Promise.all(loaders.map((load) => load()))) add(program);
  return program;
}

/** `sallyport check . | head` is no failure. */
function stopWhenUnread(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") throw error;
  process.exit();
}

function fail(error: unknown): void {
  process.stderr.write(`sallyport: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 3;
}
