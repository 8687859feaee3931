import type { Command } from "commander";
import type { CheckResult } from "../../nodeagent/preflight.ts";

interface Flags {
  interface?: string;
  json?: boolean;
}

export function addPreflightCommand(program: Command): void {
  program
    .command("preflight")
    .description("say what this node lacks for egress, and what is in the way; nothing is changed")
    .option("--interface <name>", "underlay interface (default: the one of the default route)")
    .option("--json", "print JSON")
    .addHelpText(
      "after",
      `
Exit code 0: the agent can run here (there may be warnings), 1: something must be cured first.

Example:
  sallyport preflight --interface eth0`,
    )
    .action(async (flags: Flags) => {
      const { preflight } = await import("../../nodeagent/main.ts");
      const results = await preflight(flags.interface ?? null);
      process.stdout.write(flags.json ? jsonText(results) : tableText(results));
      process.exitCode = count(results, "blocks") > 0 ? 1 : 0;
    });
}

function jsonText(checks: readonly CheckResult[]): string {
  return `${JSON.stringify({ checks, blocks: count(checks, "blocks"), warns: count(checks, "warns") }, null, 2)}\n`;
}

const SIGNS: Readonly<Record<CheckResult["outcome"], string>> = { passes: "✓", warns: "!", blocks: "✗", unknown: "-" };

/** One line for each check, and under it what was found and the cure. */
function tableText(checks: readonly CheckResult[]): string {
  const width = Math.max(...checks.map(({ id }) => id.length));
  const indent = " ".repeat(width + 4);
  const lines = checks.flatMap(({ id, title, outcome, findings }) => {
    const start = `${SIGNS[outcome]} ${id.padEnd(width)}  `;
    if (outcome === "unknown") return [`${start}cannot be judged: ${title}?`];
    if (outcome === "passes") return [start + title];
    return findings.flatMap(({ found, cure }, index) => [
      `${index === 0 ? start : indent}${found}`,
      `${indent}→ ${cure}`,
    ]);
  });
  return [...lines, "", summary(checks), ""].join("\n");
}

function summary(checks: readonly CheckResult[]): string {
  const [blocking, warning] = [count(checks, "blocks"), count(checks, "warns")];
  const warnings = warning === 0 ? "" : ` (${warning} with a warning)`;
  if (blocking > 0) return `${blocking} of ${checks.length} checks must be cured before the agent can run${warnings}`;
  return `the agent can run on this node${warnings}`;
}

function count(checks: readonly CheckResult[], outcome: CheckResult["outcome"]): number {
  return checks.filter((check) => check.outcome === outcome).length;
}
