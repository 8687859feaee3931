import type { Command } from "commander";
import { effect } from "../../policies/effect.ts";
import type { Finding } from "../../policies/findings.ts";
import type { Intent } from "../../policies/intent.ts";
import { DEFAULT_SETTINGS } from "../../policies/manifests/cluster.ts";
import { readManifests } from "../../policies/manifests/read.ts";
import { nothingBefore, plan } from "../../policies/plan.ts";
import { readInventory } from "../../reconciler/inventory/file.ts";
import { type LocalRepository, openLocalRepository } from "../../reconciler/source/local.ts";
import { describeEffect, describeFinding, hasEffect } from "../print.ts";

interface Flags {
  repo: string;
  path: string;
  base: string;
  head: string;
  inventory: string;
  json?: boolean;
}

/** kubectl diff: 0 no difference, 1 some, more than 1 trouble. */
const TROUBLE = 2;

export function addPlanCommand(program: Command): void {
  program
    .command("plan")
    .description("the effect of a change on traffic; exit 0 none, 1 some, 2 when a side has errors")
    .requiredOption("--repo <directory>", "a local Git repository")
    .option("--path <folder>", "folder of the repository that holds the cluster's manifests", "")
    .option("--base <ref>", "before", "HEAD~1")
    .option("--head <ref>", "after", "HEAD")
    .requiredOption("--inventory <file>", "what `kubectl get nodes,namespaces,pods -A -o json` prints")
    .option("--json", "print one JSON document")
    .addHelpText(
      "after",
      "\nExample:\n  sallyport plan --repo . --base origin/main --head HEAD --inventory inventory.json",
    )
    .action(async (flags: Flags) => {
      const repository = openLocalRepository(flags.repo, { path: flags.path });
      const view = await readInventory(flags.inventory);
      const base = await readSide(repository, flags.base);
      const head = await readSide(repository, flags.head);
      // A commit with an error is rejected as a whole when it lands, so its effect is none.
      const rejected = head.findings.some((finding) => finding.severity === "error");
      const before = plan(base.intent, view, nothingBefore);
      const told = effect(before, plan(rejected ? base.intent : head.intent, view, before.next));
      if (flags.json) {
        process.stdout.write(
          `${JSON.stringify({ base: base.oid, head: head.oid, ...told, findings: head.findings })}\n`,
        );
      } else {
        for (const finding of head.findings) process.stderr.write(`${describeFinding(finding, process.stderr)}\n`);
        process.stdout.write(`${rejected ? "this commit would be rejected" : describeEffect(told).join("\n")}\n`);
      }
      if (rejected) process.exitCode = TROUBLE;
      else if (hasEffect(told)) process.exitCode = 1;
    });
}

interface Side {
  readonly oid: string;
  readonly intent: Intent;
  readonly findings: readonly Finding[];
}

const NOTHING_DECLARED: Intent = { groups: [], policies: [], cluster: DEFAULT_SETTINGS };

async function readSide(repository: LocalRepository, ref: string): Promise<Side> {
  const found = await repository.resolveRevision(ref);
  if (found.kind === "failed") throw new Error(found.message);
  if (found.kind === "missing") throw new Error(`the repository has no revision ${ref}`);
  const tree = await repository.read(found.oid);
  if (tree.kind === "failed") throw new Error(tree.message);
  const { intent = NOTHING_DECLARED, findings } = readManifests(tree.files);
  return { oid: found.oid, intent, findings };
}
