/** What chains of others make of a packet of ours, followed through their jumps. */
import { chainWords, type ListedChain, type ListedRule, listRules } from "./chains.ts";
import { blocks, type Finding, warns } from "./check.ts";
import { type Packet, ruleMatches } from "./matching.ts";
import type { NodeView } from "./node-view.ts";

/** Ends the walk through chains that jump in circles, or without end. */
const JUMPS_MAX = 40;

interface Judgement {
  /** What surely becomes of the packet; `null`: the chain's end was reached. */
  readonly verdict: "accept" | "drop" | null;
  /** A rule that may match accepts it. */
  readonly mayAccept: boolean;
}

/** What it makes of the packet, as findings with that cure; empty when it lets it pass. */
export async function judgeBaseChain(
  node: NodeView,
  chain: ListedChain,
  packet: Packet,
  cure: string,
): Promise<readonly Finding[]> {
  const { verdict, mayAccept } = await judge(node, chain, packet, { left: JUMPS_MAX });
  const drops = verdict === "drop" || (verdict === null && chain.policy === "drop");
  if (!drops) return [];
  const by = verdict === "drop" ? "by a rule" : "by its policy";
  const found = `${chainWords(chain)} drops ${by} ${packet.words}`;
  return [mayAccept ? warns(`${found}, unless a rule before accepts it`, cure) : blocks(found, cure)];
}

async function judge(node: NodeView, chain: ListedChain, packet: Packet, jumps: { left: number }): Promise<Judgement> {
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
  packet: Packet,
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
