/**
 * Findings as GitHub workflow commands: printed in a workflow's log, they become annotations beside the lines of a pull
 * request. Commands and escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
 * `packages/core/src/command.ts` of actions/toolkit, which writes them.
 */
import type { Finding } from "../../policies/findings.ts";

const COMMANDS = { error: "error", warning: "warning", note: "notice" } as const;

/** One line. `file` is as the path was given: run `check` in the root of the checkout. */
export function workflowCommand({ severity, file, line, column, code, message, fix }: Finding): string {
  const properties = { file, line, col: column, title: code };
  const written = Object.entries(properties).map(([name, value]) => `${name}=${escapeProperty(String(value))}`);
  return `::${COMMANDS[severity]} ${written.join(",")}::${escapeData(`${message}\nfix: ${fix}`)}`;
}

function escapeData(text: string): string {
  return text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
}

function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
}
