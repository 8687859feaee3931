import type { Command } from "commander";
import type { ExplainDocument, ExplainFlags } from "../explain/run.ts";

const EXAMPLES = `
Manifests are read as they are on disk; those of a commit: git worktree add ../at-commit COMMIT. Floating IPs are taken
to be where the reconciler's status branch has them, if the repository around the first path has it.

Examples:
  sallyport explain --inventory cluster.json --pod shop/cart-7d9f --to 203.0.113.9
  sallyport explain --inventory cluster.json --pod shop/cart-7d9f --to 203.0.113.9:443 clusters/prod
  sallyport explain --inventory cluster.json --pod shop/cart-7d9f --to '[2001:db8::1]:443' --json clusters/prod

Exit codes: 0 answered, 2 the manifests have errors, or misuse, 3 cannot read what it needs. docs/json.md describes what
--json prints.`;

export function addExplainCommand(program: Command): void {
  program
    .command("explain")
    .description("which policy decides about a pod's traffic to an address, and why not the others")
    .argument("[path...]", "folders and files of the cluster's manifests (default: the current folder)")
    .requiredOption(
      "--inventory <file>",
      "what `kubectl get nodes,namespaces,pods -A -o json` prints; - is standard input",
    )
    .requiredOption("--pod <namespace/name>", "the pod that sends")
    .requiredOption("--to <ip[:port]>", "where to; IPv6 with a port in brackets")
    .option("--cluster <name>", "name of the cluster (default: the only one that has a status branch)")
    .option("--json", "print one JSON document")
    .addHelpText("after", EXAMPLES)
    .action(async (paths: string[], flags: ExplainFlags, command: Command) => {
      const { answer } = await import("../explain/run.ts");
      const answered = await answer(paths.length === 0 ? ["."] : paths, flags);
      if (answered.kind === "misuse") return command.error(`error: ${answered.message}`);
      if (answered.kind === "rejected") {
        const { describeFinding } = await import("../print.ts");
        for (const finding of answered.findings) process.stderr.write(`${describeFinding(finding, process.stderr)}\n`);
        return command.error("error: the manifests have errors, so none of them would come into force");
      }
      process.stdout.write(await render(answered.document, flags));
    });
}

async function render(document: ExplainDocument, { json }: ExplainFlags): Promise<string> {
  if (json) return `${JSON.stringify(document)}\n`;
  const [{ explainReport }, { textReport }] = await Promise.all([
    import("../explain/report.ts"),
    import("../report/text.ts"),
  ]);
  return textReport(explainReport(document), process.stdout);
}
