/** Do packets of pods pass the forward chains of others? An `accept` of ours cannot help: each chain judges alone. */
import { MARK_SNAT, MARK_TUNNEL, OVERLAY_DEVICE } from "../constants.ts";
import { chainsInTheWay, chainWords, type ListedRule, listChains } from "./chains.ts";
import { blocks, type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { judgeBaseChain, rulesBelow } from "./judge.ts";
import { uplinkName } from "./links.ts";
import { alternatives, deviceNameMatches, type Packet, type Truth } from "./matching.ts";
import type { NodeView } from "./node-view.ts";

export const forwardChecks: readonly Check[] = [
  { id: "forward-passes", title: "no forward chain drops what pods send", find: findDrops },
  { id: "forward-uplink-drops", title: "no forward rule drops by the underlay interface", find: findUplinkDrops },
  { id: "forward-legacy", title: "the legacy iptables let pods' packets pass", find: findLegacyDrop },
];

const CURE = `let the packets of the cluster's pods pass there, as flannel does: accept by source in the pod prefix, and for stateless gateways, which pass on packets under floating IPs, all that comes by ${OVERLAY_DEVICE}`;

async function findDrops(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const packets = packetsOf(await uplinkName(node, settings));
  const findings: Finding[] = [];
  for (const chain of chainsInTheWay(chains).filter(({ hook, family }) => hook === "forward" && family !== "ip6")) {
    for (const packet of packets) findings.push(...(await judgeBaseChain(node, chain, packet, CURE)));
  }
  return findings;
}

function packetsOf(uplink: string | null): readonly Packet[] {
  return [
    { words: "what goes from a pod towards the overlay", iif: null, oif: OVERLAY_DEVICE, role: MARK_TUNNEL },
    { words: "what goes from the overlay towards the underlay", iif: OVERLAY_DEVICE, oif: uplink, role: MARK_SNAT },
  ];
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
