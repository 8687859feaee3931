/** Who else uses our bits of the packet mark? Only what can be seen: rules for routing, and rules of nftables. */
import {
  ID_MASK,
  MARK_JUDGED,
  MARK_SNAT,
  MARK_TUNNEL,
  OVERLAY_DEVICE,
  ROUTE_PROTOCOL,
  TUNNEL_RULE_PREFERENCE,
} from "../constants.ts";
import { chainsInTheWay, chainWords, type ListedChain, type ListedRule, listChains } from "./chains.ts";
import { blocks, type Check, type Finding, warns } from "./check.ts";
import { rulesBelow } from "./judge.ts";
import { markEquals, ruleMatches } from "./matching.ts";
import { type NodeView, readJson } from "./node-view.ts";

const OUR_BITS = ID_MASK | MARK_TUNNEL | MARK_SNAT | MARK_JUDGED;
/** Of what pods send to a policy's destination, when it is routed: to a gateway, on a gateway, and not selected. */
const ROLES = [MARK_TUNNEL | MARK_JUDGED, MARK_SNAT | MARK_JUDGED, MARK_JUDGED];
const WHOLE_MARK = 0xffffffff;
const hex = (bits: number) => `0x${(bits >>> 0).toString(16)}`;

export const markChecks: readonly Check[] = [
  { id: "mark-rules", title: `no routing rule takes packets by the mark bits ${hex(OUR_BITS)}`, find: findRules },
  { id: "mark-chains", title: `no chain writes the mark bits ${hex(OUR_BITS)}`, find: findChains },
  { id: "mark-calico", title: "Calico keeps off our mark bits", find: findCalico },
];

interface ListedRoutingRule {
  readonly priority: number;
  readonly fwmark?: string;
  readonly fwmask?: string;
  readonly table?: string;
  readonly protocol?: string;
}

/** Rules of the given family that are not ours; `null` when they cannot be read. */
export async function otherRules(node: NodeView, family: "-4" | "-6"): Promise<readonly ListedRoutingRule[] | null> {
  const rules = await readJson<readonly ListedRoutingRule[]>(node, "ip", "-j", family, "rule", "show");
  return rules?.filter(({ protocol }) => protocol !== ROUTE_PROTOCOL) ?? null;
}

async function findRules(node: NodeView): Promise<readonly Finding[] | null> {
  const rules = await otherRules(node, "-4");
  return rules?.flatMap(judgeRule) ?? null;
}

function judgeRule({ priority, fwmark, fwmask, table }: ListedRoutingRule): readonly Finding[] {
  if (fwmark === undefined) return [];
  const value = Number(fwmark);
  const mask = fwmask === undefined ? WHOLE_MARK : Number(fwmask);
  if ((mask & OUR_BITS) === 0) return [];
  const takesOurs = ROLES.some((role) => markEquals(role, mask, value) !== "no");
  if (!takesOurs) return mask === WHOLE_MARK ? [losesPods(priority, value)] : [];
  const found = `routing rule ${priority} takes packets by fwmark ${hex(value)}/${hex(mask)} to table ${table ?? "?"}; marks of egress match it`;
  const cure = `have its owner use mark bits outside ${hex(OUR_BITS)}`;
  return [priority <= TUNNEL_RULE_PREFERENCE ? blocks(found, cure) : warns(found, cure)];
}

function losesPods(priority: number, value: number): Finding {
  return warns(
    `routing rule ${priority} takes packets by the whole mark ${hex(value)}; what begins a connection to a policy's destination does not match it, since one bit more is set`,
    `give it a mask without the bits ${hex(OUR_BITS)}`,
  );
}

/** Our marks are written at prerouting -90 and last read at postrouting 90. */
function seesOurMarks({ hook, prio = 0 }: ListedChain): boolean {
  return hook === "forward" || (hook === "prerouting" && prio > -90) || (hook === "postrouting" && prio < 90);
}

async function findChains(node: NodeView): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const bases = chainsInTheWay(chains).filter(seesOurMarks);
  const rules = (await Promise.all(bases.map((base) => rulesBelow(node, base)))).flat();
  return rules.flatMap(judgeWriter);
}

function judgeWriter(rule: ListedRule): readonly Finding[] {
  const written = rule.statements.map(writtenBits).find((bits) => (bits & OUR_BITS) !== 0);
  if (written === undefined) return [];
  const gatewayPacket = { words: "", iif: OVERLAY_DEVICE, oif: null, role: MARK_SNAT } as const;
  const truth = ruleMatches(rule, gatewayPacket);
  if (truth === "no") return [];
  const found = `${chainWords(rule.chain)} writes mark bits ${hex(written & OUR_BITS)}, by which egress knows its packets`;
  const cure = `have its owner keep the mark bits ${hex(OUR_BITS)} as they are`;
  return [truth === "yes" ? blocks(found, cure) : warns(found, cure)];
}

/** The bits of the packet mark that a statement may change. */
function writtenBits(statement: Readonly<Record<string, unknown>>): number {
  const mangle = statement.mangle as { key?: { meta?: { key?: string } }; value?: unknown } | undefined;
  if (mangle?.key?.meta?.key !== "mark") return 0;
  return bitsOf(mangle.value);
}

function bitsOf(value: unknown): number {
  const {
    "&": and,
    "|": or,
    "^": xor,
    meta,
  } = (value ?? {}) as Partial<Record<string, unknown>> & {
    readonly "&"?: readonly unknown[];
    readonly "|"?: readonly unknown[];
    readonly "^"?: readonly unknown[];
    readonly meta?: { readonly key?: string };
  };
  if (meta?.key === "mark") return 0;
  if (and && typeof and[1] === "number") return bitsOf(and[0]) | ~and[1];
  const set = or ?? xor;
  return set && typeof set[1] === "number" ? bitsOf(set[0]) | set[1] : ~0;
}

/** Felix clears its bits where packets enter its chains; by default (iptablesMarkMask 0xffff0000) they are ours too. */
async function findCalico(node: NodeView): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const chain = chains.find(({ name, family }) => name === "cali-FORWARD" && family === "ip");
  if (chain === undefined) return [];
  const { stdout } = await node.run("nft", "list", "chain", chain.family, chain.table, chain.name);
  const cleared = [...stdout.matchAll(/mark set (?:meta )?mark (?:and|&) (0x[0-9a-f]+)/g)].map(
    ([, keep]) => ~Number(keep),
  );
  const cure = "set iptablesMarkMask and nftablesMarkMask to 0xff000000 in FelixConfiguration";
  if (cleared.some((bits) => (bits & OUR_BITS) !== 0)) {
    return [blocks("Calico clears mark bits by which egress knows its packets", cure)];
  }
  if (cleared.length > 0) return [];
  return [warns("Calico is here, and whether it uses our mark bits cannot be seen; by default it does", cure)];
}
