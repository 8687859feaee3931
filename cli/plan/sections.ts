/** Parts of the plan's report that do not list what changes: what was found, what may break, and who is told. */
import type { Effect } from "../../policies/effect/effect.ts";
import { listNames } from "../../policies/text.ts";
import { counted, type Section } from "../report/report.ts";
import type { PlanDocument } from "./document.ts";

/** Those the base has already are counted; where the head is rejected, all that reject it are listed. */
export function findingsSection({ findings, rejected }: PlanDocument): Section[] {
  const listed = findings.filter((finding) => finding.new || (rejected && finding.severity === "error"));
  const known = findings.length - listed.length;
  if (listed.length === 0) return [];
  return [
    {
      title: "Findings",
      ...(known === 0 ? {} : { note: `and ${counted(known, "other")} that the base has already` }),
      columns: [
        { title: "Place", kind: "name" },
        { title: "Severity", kind: "text" },
        { title: "What", kind: "text" },
        { title: "What to do", kind: "text" },
        { title: "Code", kind: "name" },
      ],
      rows: listed.map(({ file, line, column, severity, message, fix, code }) => [
        `${file}:${line}:${column}`,
        severity,
        message,
        fix,
        code,
      ]),
    },
  ];
}

export function connectionsSection({ connections: { reset, held, modeChanged, rerouted } }: Effect): Section[] {
  const rows = [
    [reset, "reset: the policies that select the pod no longer use the address its connections have"],
    [held, "held: nobody can give its connections their address any more"],
    [modeChanged, "cut: the gateway mode changes, and gateways of the new mode do not know connections begun before"],
    [rerouted, "rerouted: another node holds the address, and does not know connections begun before"],
  ] as const;
  const happening = rows.filter(([count]) => count > 0);
  if (happening.length === 0) return [];
  return [
    {
      title: "Connections at risk",
      note: "pods that may have such; all other open connections keep the address they began with",
      columns: [
        { title: "Pods", kind: "number" },
        { title: "What happens", kind: "text" },
      ],
      rows: happening.map(([count, what]) => [String(count), what]),
    },
  ];
}

export function nodesSection({ nodes }: Effect): Section[] {
  if (nodes.length === 0) return [];
  return [
    {
      title: "Nodes that are reprogrammed",
      note: listNames(nodes, 10),
      columns: [],
      rows: [],
    },
  ];
}
