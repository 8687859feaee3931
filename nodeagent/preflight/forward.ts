/** Do packets of pods pass the forward chains of others? An `accept` of ours cannot help: each chain judges alone. */
import { MARK_SNAT, MARK_TUNNEL, OVERLAY_DEVICE } from "../constants.ts";
import { chainsInTheWay, chainWords, type ListedChain, type ListedRule, listChains, listRules } from "./chains.ts";
import { blocks, type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { uplinkName } from "./links.ts";
import { alternatives, deviceNameMatches, type ForwardedPacket, ruleMatches, type Truth } from "./matching.ts";
import type { NodeView } from "./node-view.ts";

export const forwardChecks: readonly Check[] = [
  { id: "forward-passes", title: "no forward chain drops what pods send", find: findDrops },
  { id: "forward-uplink-drops", title: "no forward rule drops by the underlay interface", find: findUplinkDrops },
  { id: "forward-legacy", title: "the legacy iptables let pods' packets pass", find: findLegacyDrop },
];

const CURE = `let the packets of the cluster's pods pass there, as flannel does: accept by source in the pod prefix, and for stateless gateways, which pass on packets under floating IPs, all that comes by ${OVERLAY_DEVICE}`;

/** Ends the walk through chains that jump in circles, or without end. */
const JUMPS_MAX = 40;

interface Judgement {
  /** What surely becomes of the packet; `null`: the chain's end was reached. */
  readonly verdict: "accept" | "drop" | null;
  /** A rule that may match accepts it. */
  readonly mayAccept: boolean;
}

async function findDrops(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const packets = packetsOf(await uplinkName(node, settings));
  const findings: Finding[] = [];
  for (const chain of chainsInTheWay(chains).filter(({ hook, family }) => hook === "forward" && family !== "ip6")) {
    for (const packet of packets) findings.push(...(await judgeBaseChain(node, chain, packet)));
  }
  return findings;
}

function packetsOf(uplink: string | null): readonly ForwardedPacket[] {
  return [
    { words: "from a pod towards the overlay", iif: null, oif: OVERLAY_DEVICE, role: MARK_TUNNEL },
    { words: "from the overlay towards the underlay", iif: OVERLAY_DEVICE, oif: uplink, role: MARK_SNAT },
  ];
}

async function judgeBaseChain(
  node: NodeView,
  chain: ListedChain,
  packet: ForwardedPacket,
): Promise<readonly Finding[]> {
  const { verdict, mayAccept } = await judge(node, chain, packet, { left: JUMPS_MAX });
  const drops = verdict === "drop" || (verdict === null && chain.policy === "drop");
  if (!drops) return [];
  const by = verdict === "drop" ? "by a rule" : "by its policy";
  const found = `${chainWords(chain)} drops ${by} what goes ${packet.words}`;
  return [mayAccept ? warns(`${found}, unless a rule before accepts it`, CURE) : blocks(found, CURE)];
}

async function judge(
  node: NodeView,
  chain: ListedChain,
  packet: ForwardedPacket,
  jumps: { left: number },
): Promise<Judgement> {
  let mayAccept = false;
  jumps.left -= 1;
  for (const rule of (jumps.left < 0 ? null : await listRules(node, chain)) ?? []) {
    const truth = ruleMatches(rule, packet);
    if (truth === "no") continue;
    const effect = await effectOf(node, rule, packet, jumps);
    mayAccept ||= effect.mayAccept || (truth === "maybe" && effect.verdict === "accept");
    if (truth === "yes" && effect.verdict !== null) return { verdict: effect.verdict, mayAccept };
    if (truth === "yes" && "return" in (rule.statements.at(-1) ?? {})) break;
  }
  return { verdict: null, mayAccept };
}

async function effectOf(
  node: NodeView,
  { chain, statements }: ListedRule,
  packet: ForwardedPacket,
  jumps: { left: number },
): Promise<Judgement> {
  const last = statements.at(-1) ?? {};
  if ("accept" in last) return { verdict: "accept", mayAccept: false };
  if ("drop" in last || "reject" in last) return { verdict: "drop", mayAccept: false };
  const target = ((last.jump ?? last.goto) as { target?: string } | undefined)?.target;
  if (target !== undefined)
    return judge(node, { family: chain.family, table: chain.table, name: target }, packet, jumps);
  // What iptables' own targets and verdict maps decide cannot be seen.
  return { verdict: null, mayAccept: "xt" in last || "vmap" in last };
}

async function findUplinkDrops(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  const uplink = await uplinkName(node, settings);
  if (chains === null || uplink === null) return null;
  const bases = chainsInTheWay(chains).filter(({ hook }) => hook === "forward");
  const rules = (await Promise.all(bases.map((base) => rulesBelow(node, base)))).flat();
  const bound = new Set(rules.filter((rule) => dropsByDevice(rule, uplink)).map(({ chain }) => chainWords(chain)));
  return [...bound].map((where) =>
    warns(
      `${where} drops what leaves by ${uplink}; on the pods' nodes egress leaves by ${OVERLAY_DEVICE} and is not judged by it`,
      `say the same for ${OVERLAY_DEVICE} there, or as a network policy`,
    ),
  );
}

/** Rules of a base chain and of those it jumps to. */
export async function rulesBelow(node: NodeView, base: ListedChain): Promise<readonly ListedRule[]> {
  const seen = new Set<string>();
  const rules: ListedRule[] = [];
  const waiting = [base];
  for (let chain = waiting.shift(); chain !== undefined && seen.size < JUMPS_MAX; chain = waiting.shift()) {
    if (seen.has(chain.name)) continue;
    seen.add(chain.name);
    const { family, table } = chain;
    for (const rule of (await listRules(node, chain)) ?? []) {
      rules.push({ ...rule, chain: { ...base, name: rule.chain.name } });
      const last = rule.statements.at(-1) ?? {};
      const target = ((last.jump ?? last.goto) as { target?: string } | undefined)?.target;
      if (target !== undefined) waiting.push({ family, table, name: target });
    }
  }
  return rules;
}

function dropsByDevice({ statements }: ListedRule, uplink: string): boolean {
  const last = statements.at(-1) ?? {};
  if (!("drop" in last || "reject" in last)) return false;
  return statements.some((statement) => {
    const match = statement.match as { op: string; left: { meta?: { key?: string } }; right: unknown } | undefined;
    const key = match?.left.meta?.key;
    if (match === undefined || match.op === "!=" || (key !== "oifname" && key !== "oif")) return false;
    return alternatives(match.right).some((name) => typeof name === "string" && deviceNameMatches(name, uplink));
  });
}

/** The legacy tables are not nftables': they are read only where they are loaded. */
async function findLegacyDrop(node: NodeView): Promise<readonly Finding[]> {
  const tables = (await node.read("/proc/net/ip_tables_names")) ?? "";
  if (!tables.split("\n").includes("filter")) return [];
  const { missing, exitCode, stdout } = await node.run("iptables-legacy", "-S", "FORWARD");
  if (missing || exitCode !== 0) {
    return [
      warns(
        "the legacy iptables are in use on this node and cannot be read",
        "make sure that `iptables-legacy -S FORWARD` lets packets of pods pass, or install the package iptables",
      ),
    ];
  }
  const lines = stdout.split("\n");
  if (!lines.includes("-P FORWARD DROP")) return [];
  const found = "the chain FORWARD of the legacy iptables drops by its policy what pods send";
  const truths = lines.filter((line) => /^-A FORWARD .*-j /.test(line)).map(legacyAccepts);
  if (truths.includes("yes")) return [];
  return [truths.includes("maybe") ? warns(`${found}, unless a rule accepts it`, CURE) : blocks(found, CURE)];
}

function legacyAccepts(rule: string): Truth {
  if (/--ctstate (?!.*NEW)|--state (?!.*NEW)|--mark |-j (DROP|REJECT|RETURN|LOG)/.test(rule)) return "no";
  return /^-A FORWARD -j ACCEPT$/.test(rule) ? "yes" : "maybe";
}
