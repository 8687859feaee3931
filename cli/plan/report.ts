/** The plan's document in words and tables. */
import {
  type Effect,
  type FloatingIPEffect,
  hasEffect,
  NODE_ADDRESS,
  type PolicyEffect,
  type WorkloadEffect,
} from "../../policies/effect/effect.ts";
import { listNames } from "../../policies/text.ts";
import { counted, type Report, type Section, type Span } from "../report/report.ts";
import { allocationInWords } from "./allocation.ts";
import type { PlanDocument } from "./document.ts";
import { connectionsSection, findingsSection, nodesSection } from "./sections.ts";

export function planReport(document: PlanDocument): Report {
  const { rejected } = document;
  return {
    title: "Effect on egress traffic",
    context: contextOf(document),
    headline: headlineOf(document),
    tone: rejected || document.newErrors > 0 ? "bad" : hasEffect(document) ? "neutral" : "good",
    sections: [
      ...findingsSection(document),
      ...floatingIPsSection(document.floatingIPs),
      ...policiesSection(document.policies),
      ...lossesSection(document.policies),
      ...workloadsSection(document),
      ...connectionsSection(document),
      ...nodesSection(document),
    ],
    footer: rejected ? "" : unchangedOf(document),
  };
}

function contextOf({ base, head, notes, allocation, drain }: PlanDocument): Span[][] {
  const commit = (oid: string): Span => ({ name: oid.slice(0, 12) });
  const compared: Span[] =
    base === null ? [commit(head), ", with nothing before it"] : [commit(head), " compared with ", commit(base)];
  const drained: Span[] =
    drain.length === 0
      ? []
      : [", with ", ...drain.flatMap((name, i) => (i === 0 ? [{ name }] : [", ", { name }])), " drained"];
  return [[...compared, ...drained], ...notes.map((note) => [note]), allocationInWords(allocation)];
}

function headlineOf(document: PlanDocument): string {
  const { rejected, errors, newErrors } = document;
  if (rejected) return `This commit would be rejected: ${counted(errors, "error")}. What is in force would stay.`;
  const effect = effectInWords(document);
  if (newErrors === 0) return effect;
  return `${counted(newErrors, "new error")}: something written here would not take effect. ${effect}`;
}

function effectInWords(document: Effect): string {
  if (!hasEffect(document)) return "No effect on traffic.";
  const { gatewayMode, floatingIPs, policies, workloads, unchanged, connectionsCut, nodes } = document;
  const parts = [
    ...(gatewayMode === null ? [] : [`the gateway mode changes from ${gatewayMode.from} to ${gatewayMode.to}`]),
    ...countKinds(floatingIPs),
    ...countPolicies(policies),
    workloads.length === 0
      ? "no pod's source address changes"
      : `the source address of ${counted(changedPods(document), "pod")} changes`,
    ...(connectionsCut === 0 ? [] : [`${counted(connectionsCut, "pod")} may lose connections`]),
    `${nodes.length} of ${counted(nodes.length + unchanged.nodes, "node")} ${nodes.length === 1 ? "is" : "are"} reprogrammed`,
  ];
  const sentence = parts.join(", ");
  return `${sentence[0]?.toUpperCase()}${sentence.slice(1)}.`;
}

const kindsInWords = { assign: "appears", move: "moves", hold: "is held", release: "disappears" } as const;

function countKinds(floatingIPs: readonly FloatingIPEffect[]): string[] {
  return Object.entries(kindsInWords).flatMap(([kind, verb]) => {
    const count = floatingIPs.filter((one) => one.kind === kind).length;
    const plural = verb === "is held" ? "are held" : verb.replace(/s$/, "");
    return count === 0 ? [] : [`${counted(count, "floating IP")} ${count === 1 ? verb : plural}`];
  });
}

function countPolicies(policies: readonly PolicyEffect[]): string[] {
  const tell = (count: number, what: string) =>
    count === 0
      ? []
      : [
          `${counted(count, "policy", "policies")} ${
            count === 1
              ? what
              : what
                  .replace("becomes", "become")
                  .replace("is ", "are ")
                  .replace("loses", "lose")
                  .replace(/^(use|change)s/, "$1")
          }`,
        ];
  const turning = (state: PolicyEffect["after"]) =>
    policies.filter(({ before, after }) => after === state && before !== state).length;
  return [
    ...tell(turning("active"), "becomes Ready"),
    ...tell(turning("held"), "is held"),
    ...tell(turning("nodeIP"), "uses node addresses"),
    ...tell(turning("refused"), "is refused"),
    ...tell(turning(null), "is removed"),
    ...tell(policies.filter(changesFailureMode).length, "changes what happens while no gateway is there"),
    ...tell(policies.filter(({ loses }) => loses.length > 0).length, "loses traffic to another"),
  ];
}

function changesFailureMode({ onGatewayFailure: { before, after } }: PolicyEffect): boolean {
  return before !== null && after !== null && before !== after;
}

function changedPods({ pods }: Effect): number {
  return new Set(pods.map(({ namespace, name }) => `${namespace}/${name}`)).size;
}

function floatingIPsSection(floatingIPs: readonly FloatingIPEffect[]): Section[] {
  if (floatingIPs.length === 0) return [];
  return [
    {
      title: "Floating IPs",
      columns: [
        { title: "Address", kind: "name" },
        { title: "Change", kind: "text" },
        { title: "From", kind: "name" },
        { title: "To", kind: "name" },
        { title: "Why", kind: "text" },
      ],
      rows: floatingIPs.map(({ ip, kind, from, to, reason }) => [
        ip,
        kindsInWords[kind],
        from ?? "-",
        to ?? "-",
        withoutPreamble(reason),
      ]),
    },
  ];
}

const statesInWords = { active: "Ready", held: "held", nodeIP: "node addresses", refused: "refused" } as const;

function policiesSection(policies: readonly PolicyEffect[]): Section[] {
  if (policies.length === 0) return [];
  const inWords = (state: PolicyEffect["before"]) => (state === null ? "-" : statesInWords[state]);
  return [
    {
      title: "Policies",
      columns: [
        { title: "Name", kind: "name" },
        { title: "Before", kind: "text" },
        { title: "After", kind: "text" },
        { title: "Selects", kind: "text" },
        { title: "Why", kind: "text" },
      ],
      rows: policies.map((policy) => [
        policy.name,
        inWords(policy.before),
        inWords(policy.after),
        selectedInWords(policy),
        whyOf(policy),
      ]),
    },
  ];
}

function selectedInWords({ selectedPods: { before, after } }: PolicyEffect): string {
  return before === after ? counted(after, "pod") : `${before} → ${counted(after, "pod")}`;
}

/** What the other columns do not say. */
function whyOf(policy: PolicyEffect): string {
  const { name, reason, before, after, selectedPods, loses, regains } = policy;
  const stays = before === after && loses.length + regains.length === 0;
  const onlyPods = stays && !changesFailureMode(policy) && !reason.includes(": ");
  if (!onlyPods) return withoutPreamble(reason, `policy ${name} `);
  return `its sources match ${selectedPods.after > selectedPods.before ? "more" : "fewer"} pods`;
}

function withoutPreamble(reason: string, subject = ""): string {
  const colon = reason.indexOf(": ");
  if (colon >= 0) return reason.slice(colon + 2);
  return reason.startsWith(subject) ? reason.slice(subject.length) : reason;
}

function lossesSection(policies: readonly PolicyEffect[]): Section[] {
  const rows = policies.flatMap(({ name, loses, regains }) => [
    ...loses.map(({ cidr, by, pods }) => [name, "loses", cidr, by, String(pods)]),
    ...regains.map(({ cidr, by, pods }) => [name, "gets back", cidr, by, String(pods)]),
  ]);
  if (rows.length === 0) return [];
  return [
    {
      title: "Shadowed traffic",
      columns: [
        { title: "Policy", kind: "name" },
        { title: "Change", kind: "text" },
        { title: "Destination", kind: "name" },
        { title: "Other policy", kind: "name" },
        { title: "Pods", kind: "number" },
      ],
      rows,
    },
  ];
}

function workloadsSection(effect: Effect): Section[] {
  const { workloads } = effect;
  if (workloads.length === 0) return [];
  const destinations = new Set(workloads.flatMap((one) => one.destinations));
  const names = new Set(workloads.map(({ namespace, workload }) => `${namespace}/${workload.kind}/${workload.name}`));
  return [
    {
      title: "Source address of new connections",
      note: `${counted(changedPods(effect), "pod")} of ${counted(names.size, "workload")}, to ${counted(destinations.size, "destination")}`,
      columns: [
        { title: "Namespace", kind: "name" },
        { title: "Workload", kind: "name" },
        { title: "Pods", kind: "number" },
        { title: "Before", kind: "text" },
        { title: "After", kind: "text" },
        { title: "To", kind: "name" },
        { title: "Policy", kind: "name" },
      ],
      rows: workloads.map(workloadRow),
    },
  ];
}

function workloadRow({ namespace, workload, pods, before, after, destinations, policy }: WorkloadEffect): string[] {
  const to = listNames(destinations);
  return [
    namespace,
    `${workload.kind}/${workload.name}`,
    String(pods),
    sourceInWords(before),
    sourceInWords(after),
    to,
    policy,
  ];
}

function sourceInWords(source: WorkloadEffect["before"]): string {
  if (source === null) return "held (dropped)";
  return source === NODE_ADDRESS ? "node address" : source;
}

function unchangedOf({ unchanged: { floatingIPs, policies, pods, nodes } }: Effect): string {
  const counts = [
    counted(floatingIPs, "floating IP"),
    counted(policies, "policy", "policies"),
    counted(pods, "pod"),
    counted(nodes, "node"),
  ];
  return `Unchanged: ${counts.join(", ")}.`;
}
