/** The status branch's front page: what a person sees first in the forge. */
import type { Finding } from "../../policies/findings.ts";
import type { PolicyOutcome } from "../../policies/model.ts";
import { translates } from "../../policies/nodeports.ts";
import type { NodeState } from "../../policies/nodestate.ts";
import { listNames } from "../../policies/text.ts";
import { groupCondition, isConverged, isHeldBy, policyCondition } from "./confirmation.ts";
import type { CommitRef, StatusInput } from "./input.ts";
import { escapeMarkdown, markdownLink, markdownTable } from "./markdown.ts";
import { groupPath, nodePath, policyPath } from "./objects.ts";
import { portRange } from "./ports.ts";

const maxFindings = 100;

export function readmePage(input: StatusInput): string {
  const sections = [
    `# Egress of ${escapeMarkdown(input.cluster)}\n`,
    `${headline(input)}\n`,
    nodeIPWarning(input),
    section("Waiting", input.waiting.map((line) => `- ${escapeMarkdown(line)}\n`).join("")),
    section("Findings", findingsTable(findingsOf(input))),
    section("Floating IPs", floatingIPTable(input)),
    section("Policies", policyTable(input)),
    section("Groups", groupTable(input)),
    section("Nodes", `${gatewayModeLine(input)}${nodeTable(input)}`),
    `Written by Sallyport from ${escapeMarkdown(input.repository)}. Edits to this branch are overwritten.\n`,
  ];
  return sections.filter((text) => text !== "").join("\n");
}

function section(title: string, body: string): string {
  return body === "" ? "" : `## ${title}\n\n${body}`;
}

function headline(input: StatusInput): string {
  const { seen, applied } = input;
  if (seen === null) return "**Starting.** No commit has been looked at yet.";
  const commit = `Commit ${describe(seen.commit)}`;
  const { outcome } = seen;
  switch (outcome.kind) {
    case "applied":
      return `**Applied.** ${commit}: ${confirmedNodes(input)}.`;
    case "waiting":
      return `**Waiting.** ${commit}: ${confirmedNodes(input)}.`;
    case "no-effect":
      return `**No effect.** ${commit} changes nothing here: ${confirmedNodes(input)}.`;
    case "superseded":
      return `**Superseded.** ${commit} was followed by \`${outcome.by.slice(0, 12)}\` before it was applied.`;
    case "rejected": {
      const standing = applied ? `Commit ${describe(applied)} stays in force` : "Nothing is in force";
      return `**Rejected.** ${commit} was not applied: ${countErrors(outcome.findings)}. ${standing}: ${confirmedNodes(input)}.`;
    }
    default:
      return outcome satisfies never;
  }
}

/** The one exception to "with the floating IP or not at all" is not left to a table. */
function nodeIPWarning({ plan }: StatusInput): string {
  const active = plan.policies.filter(({ state }) => state === "nodeIP").map(({ name }) => escapeMarkdown(name));
  if (active.length === 0) return "";
  return `**Failure mode nodeIP is active**: traffic of ${listNames(active, 10)} leaves with the addresses of the pods' nodes.\n`;
}

function describe({ oid, subject }: CommitRef): string {
  const short = `\`${oid.slice(0, 12)}\``;
  return subject === "" ? short : `${short} (${escapeMarkdown(subject)})`;
}

function confirmedNodes({ plan, nodes }: StatusInput): string {
  const confirmed = plan.nodes.filter(({ node }) => isConverged(nodes.get(node)));
  return `${confirmed.length} of ${plan.nodes.length} nodes have confirmed`;
}

function countErrors(findings: readonly Finding[]): string {
  const errors = findings.filter(({ severity }) => severity === "error").length;
  return errors === 1 ? "1 error" : `${errors} errors`;
}

/** Of the rejected commit, otherwise what the plan found in the one that is in force. */
function findingsOf({ seen, plan }: StatusInput): readonly Finding[] {
  return seen?.outcome.kind === "rejected" ? seen.outcome.findings : plan.findings;
}

function findingsTable(findings: readonly Finding[]): string {
  const rows = findings
    .slice(0, maxFindings)
    .map(({ file, line, column, severity, message, fix, code }) => [
      escapeMarkdown(`${file}:${line}:${column}`),
      severity,
      escapeMarkdown(message),
      escapeMarkdown(fix),
      escapeMarkdown(code),
    ]);
  const more = findings.length - rows.length;
  const table = markdownTable(["Place", "Severity", "What", "Mend", "Code"], rows);
  return more > 0 ? `${table}\n${more} more: \`sallyport check\` prints them all.\n` : table;
}

function floatingIPTable({ plan, nodes }: StatusInput): string {
  const doubt = (ip: string, node: string): string => {
    if (plan.next.lost.includes(ip)) return ", lost: nobody holds it";
    return isHeldBy(ip, node, nodes) ? "" : ", not confirmed";
  };
  const rows = plan.allocations.map(({ ip, node }) => [
    ip,
    node === null ? "none" : `${markdownLink(node, nodePath(node))}${doubt(ip, node)}`,
    plan.policies
      .filter((policy) => policy.ip === ip)
      .map(({ name }) => markdownLink(name, policyPath(name)))
      .join(", "),
  ]);
  return markdownTable(["Floating IP", "Node", "Policies"], rows);
}

function policyTable(input: StatusInput): string {
  const rows = input.plan.policies.map((policy) => {
    const { status, reason, message } = policyCondition(policy, input);
    return [
      markdownLink(policy.name, policyPath(policy.name)),
      status,
      escapeMarkdown(reason),
      leavesAs(policy),
      countPods(policy),
      escapeMarkdown(message),
    ];
  });
  return markdownTable(["Policy", "Ready", "Reason", "Leaves as", "Pods", "Message"], rows);
}

function leavesAs({ state, ip }: PolicyOutcome): string {
  if (state === "nodeIP") return "node addresses (nodeIP)";
  return state === "held" ? "nothing (held)" : (ip ?? "");
}

function countPods({ selectedPods, ignoredHostNetworkPods }: PolicyOutcome): string {
  return ignoredHostNetworkPods > 0
    ? `${selectedPods} (${ignoredHostNetworkPods} on the host network ignored)`
    : String(selectedPods);
}

function groupTable(input: StatusInput): string {
  const rows = input.plan.groups.map((group) => {
    const { status, reason, message } = groupCondition(group, input);
    const name = markdownLink(`${group.namespace}/${group.name}`, groupPath(group));
    return [name, status, escapeMarkdown(reason), escapeMarkdown(message)];
  });
  return markdownTable(["Group", "Ready", "Reason", "Message"], rows);
}

function nodeTable({ plan, nodes }: StatusInput): string {
  const rows = plan.nodes.map((state) => {
    const { node, held } = state;
    const progress = nodes.get(node);
    const report = progress?.report;
    return [
      markdownLink(node, nodePath(node)),
      held.map(({ ip }) => ip).join(", "),
      portsOf(state),
      outcomeOf(progress),
      report ? `${report.generation} of ${progress.generation}` : "",
      report?.error === undefined ? "" : escapeMarkdown(report.error),
    ];
  });
  return markdownTable(["Node", "Floating IPs", "Ports", "Outcome", "Generation", "Error"], rows);
}

function gatewayModeLine({ plan: { next } }: StatusInput): string {
  return next.gatewayMode === null ? "" : `Gateways are ${next.gatewayMode}.\n\n`;
}

function portsOf(state: NodeState): string {
  return translates(state) ? (portRange(state) ?? "") : "none: what policies select is held";
}

function outcomeOf(progress: ReturnType<StatusInput["nodes"]["get"]>): string {
  const agent = progress?.connected ? "" : ", agent not connected";
  if (progress?.report === undefined) return `no report yet${agent}`;
  if (progress.report.outcome === "failed") return `failed${agent}`;
  return `${isConverged(progress) ? "converged" : "catching up"}${agent}`;
}
