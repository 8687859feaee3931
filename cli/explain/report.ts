/** An explanation in words and tables. */
import type { Position } from "../../policies/findings.ts";
import { allocationInWords } from "../plan/allocation.ts";
import { counted, type Report, type Section, type Span } from "../report/report.ts";
import type { ExplainDocument } from "./run.ts";

/** Policies that have nothing to do with the pod are many in a large cluster, and alike. */
const MAX_UNRELATED = 20;

export function explainReport(document: ExplainDocument): Report {
  const { verdict, pod, destination, port, allocation } = document;
  const question: Span[] = [{ name: `${pod.namespace}/${pod.name}` }, " to ", { name: destination }];
  const ports: Span[] = port === null ? [] : [`, port ${port}: policies do not look at ports`];
  return {
    title: "Egress explained",
    context: [[...question, ...ports], allocationInWords(allocation)],
    headline: headlineOf(document),
    tone: verdict === "egress" ? "good" : verdict === "held" || verdict === "nodeIP" ? "bad" : "neutral",
    sections: [stepsSection(document), ...policiesSection(document)],
    footer: "",
  };
}

function headlineOf({ verdict, summary }: ExplainDocument): string {
  if (verdict === "none") return `No traffic: ${summary}.`;
  if (verdict === "node") return `Leaves as without Sallyport, with the node's address: ${summary}.`;
  return `${summary[0]?.toUpperCase()}${summary.slice(1)}.`;
}

function stepsSection({ steps }: ExplainDocument): Section {
  return {
    title: "How",
    columns: [
      { title: "What", kind: "text" },
      { title: "Where", kind: "name" },
    ],
    rows: steps.map(({ what, at }) => [what, at === null ? "" : placeText(at)]),
  };
}

/** The deciding one first, then those that select the pod. */
function policiesSection({ policies }: ExplainDocument): Section[] {
  if (policies.length === 0) return [];
  const rank = ({ decides, reason }: (typeof policies)[number]) =>
    decides ? 0 : reason.startsWith("does not select") ? 2 : 1;
  const sorted = policies.toSorted((a, b) => rank(a) - rank(b));
  const related = sorted.filter((policy) => rank(policy) < 2);
  const listed = sorted.slice(0, related.length + MAX_UNRELATED);
  const more = sorted.length - listed.length;
  return [
    {
      title: "Policies",
      ...(more === 0 ? {} : { note: `and ${counted(more, "more", "more")} that do not select the pod` }),
      columns: [
        { title: "Name", kind: "name" },
        { title: "Why", kind: "text" },
        { title: "Where", kind: "name" },
      ],
      rows: listed.map(({ name, reason, at }) => [name, reason, placeText(at)]),
    },
  ];
}

function placeText({ file, line, column }: Position): string {
  return `${file}:${line}:${column}`;
}
