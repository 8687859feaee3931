/** Random clusters and changes, with an oracle that looks at every pod and address by itself. */
import fc from "fast-check";
import {
  compareAddresses,
  contains,
  formatAddress,
  lastAddress,
  type Prefix,
  parseAddress,
  parseCidr,
} from "../../policies/addresses.ts";
import type { Planned } from "../../policies/effect/effect.ts";
import { type GivenBlock, nothingBefore, plan } from "../../policies/plan.ts";
import { namespaceLabels } from "../../policies/pods.ts";
import { matches } from "../../policies/selectors.ts";
import type { PodView } from "../../policies/view.ts";
import { group, intent, namespace, pod, policy, view, worker } from "./builders.ts";

// nodes 192.168.1.1–2 · floating IPs 192.168.1.100–101 · pods web/x on worker1, web/y on worker2, db/z on worker2
export const groups = [group("default", "192.168.1.100", "192.168.1.101"), group("g1", "192.168.1.101")];
export const seen = view(
  [worker(1), worker(2)],
  [
    pod("web/x", "10.10.1.5", { workload: { kind: "Deployment", name: "web" } }),
    pod("web/y", "10.10.2.5", { node: "worker2", workload: { kind: "Deployment", name: "web" } }),
    pod("db/z", "10.10.2.6", { node: "worker2" }),
  ],
  [namespace("web", { name: "web" }), namespace("db", { name: "db" })],
);

const cidrs = ["8.0.0.0/8", "8.0.0.0/16", "8.0.8.0/24", "8.0.8.128/25", "8.0.9.0/24", "9.9.9.9/32", "0.0.0.0/0"];
const policyFields = fc.record({
  via: fc.constantFrom("default", "g1", "g2", "unknown"),
  to: fc.subarray(cidrs, { minLength: 1 }),
  namespaces: fc.constantFrom({}, { name: "web" }, { name: "db" }),
  onGatewayFailure: fc.constantFrom("drop", "nodeIP"),
});
const intents = fc.record({
  policies: fc.array(policyFields, { maxLength: 4 }),
  ips: fc.subarray(["192.168.1.100", "192.168.1.101", "10.1.1.1"], { minLength: 1 }),
  noEgressCIDRs: fc.subarray(["8.0.8.0/24", "8.0.0.0/9", "8.128.0.0/9"]),
  mode: fc.constantFrom(null, "stateful", "stateless"),
});
const flags = fc.record({ ready: fc.boolean(), draining: fc.boolean() });
const lost = fc.subarray(["192.168.1.100", "192.168.1.101"], { maxLength: 1 });
const worldFields = fc.record({
  freeBlocks: fc.constantFrom(0, 1, 2),
  lost,
  lostAfter: lost,
  before: intents,
  after: intents,
  nodes: fc.tuple(flags, flags),
  nodesAfter: fc.tuple(flags, flags),
});

export interface World {
  readonly before: Planned;
  readonly after: Planned;
}

type WorldFields = typeof worldFields extends fc.Arbitrary<infer Fields> ? Fields : never;

export const worlds: fc.Arbitrary<World> = worldFields.map(makeWorld);

/** All ports but those of so many blocks are in quarantine. */
function portsTaken(freeBlocks: number): GivenBlock[] {
  return Array.from({ length: 63 - freeBlocks }, (_, i) => {
    const retired = { atMs: 0, mayBeReused: false };
    return { node: `gone${i}`, firstPort: 1024 * (i + 1), ports: 1024, retired };
  });
}

function makeWorld({ before, after, nodes, nodesAfter, freeBlocks, ...lostIPs }: WorldFields): World {
  const declare = ({ policies, ips, noEgressCIDRs, mode }: typeof before) =>
    intent(
      [group("default", ...ips), group("g1", "192.168.1.101"), group("g2", "10.1.1.1")],
      policies.map((fields, i) => policy(`p${i}`, fields)),
      { noEgressCIDRs, gatewayMode: mode && { value: mode, at: { file: "egress.yaml", line: 1, column: 1 } } },
    );
  const look = ([one, two]: typeof nodes) => ({ ...seen, nodes: [worker(1, one), worker(2, two)] });
  const [first, second] = [declare(before), declare(after)];
  const start = { ...nothingBefore, portBlocks: portsTaken(freeBlocks), lost: lostIPs.lost };
  const planned = plan(first, look(nodes), start);
  const next = { ...planned.next, lost: lostIPs.lostAfter };
  return {
    before: { intent: first, plan: planned, view: look(nodes) },
    after: { intent: second, plan: plan(second, look(nodesAfter), next), view: look(nodesAfter) },
  };
}

/** Prefixes of this side at whose borders the fate of one pod's traffic may change. */
function bordersOf({ intent: { policies }, plan: { nodes } }: Planned): Prefix[] {
  const texts = [...policies.flatMap(({ destinations }) => destinations.map(({ value }) => value))];
  return [...texts, ...(nodes[0]?.noEgressCIDRs ?? [])].flatMap((cidr) => parseCidr(cidr) ?? []);
}

/** By the policies and outcomes, for one address: the source seen outside, and who decides. */
export function sourceOf({
  intent: { policies },
  plan: { policies: outcomes, nodes },
  view: { namespaces },
}: World["before"]) {
  const around = (nodes[0]?.noEgressCIDRs ?? []).flatMap((cidr) => parseCidr(cidr) ?? []);
  const labelsOf = namespaceLabels(namespaces);
  return (pod: PodView, ip: string): { source: string | null; policy: string | null } => {
    const address = parseAddress(ip) as NonNullable<ReturnType<typeof parseAddress>>;
    const node = nodes.find((state) => state.node === pod.node)?.underlayIP ?? "";
    if (around.some((prefix) => contains(prefix, address))) return { source: node, policy: null };
    const [best] = policies
      .filter(({ sources }) =>
        sources.some(
          ({ namespaceSelector, podSelector }) =>
            matches(namespaceSelector, labelsOf(pod.namespace)) && matches(podSelector, pod.labels),
        ),
      )
      .flatMap(({ name, destinations }) =>
        destinations.map(({ value }) => ({ name, prefix: parseCidr(value) as Prefix })),
      )
      .filter(({ name }) => outcomes.find((outcome) => outcome.name === name)?.state !== "refused")
      .filter(({ prefix }) => contains(prefix, address))
      .sort((a, b) => b.prefix.length - a.prefix.length || (a.name < b.name ? -1 : 1));
    if (best === undefined) return { source: node, policy: null };
    const { ip: floating, state } = outcomes.find(({ name }) => name === best.name) as (typeof outcomes)[number];
    const here = nodes.find((one) => one.node === pod.node);
    const hasPorts = here?.gatewayMode !== "stateless" || here.portBlock !== null;
    const source = { active: hasPorts ? floating : null, held: null, nodeIP: node, refused: node }[state];
    return { source, policy: best.name };
  };
}

/** Both ends of every prefix and their neighbours, floating IPs left out: in each region lies at least one of them. */
export function probesOf({ before, after }: World): string[] {
  const ends = [...bordersOf(before), ...bordersOf(after)].flatMap((prefix) => [prefix.network, lastAddress(prefix)]);
  const near = ends.flatMap(({ family, value }) => [-1n, 0n, 1n].map((step) => ({ family, value: value + step })));
  const possible = near.filter(({ value }) => value >= 0n && value < 2n ** 32n).sort(compareAddresses);
  const floating = [...before.plan.allocations, ...after.plan.allocations].map(({ ip }) => ip);
  return [...new Set(possible.map(formatAddress))].filter((ip) => !floating.includes(ip));
}

export function holds(cidr: string, ip: string): boolean {
  return contains(parseCidr(cidr) as Prefix, parseAddress(ip) as NonNullable<ReturnType<typeof parseAddress>>);
}
