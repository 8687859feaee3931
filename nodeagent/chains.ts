/** The chains that come and go: one for each class of pods, one or two for each egress id. */
import { createHash } from "node:crypto";
import type { ClassRule, EgressId, PodClass } from "../policies/nodestate.ts";
import { familyOf, splitPrefix } from "./addresses.ts";
import { CT_MARK_KEEP, MARK_SNAT, MARK_TUNNEL, META_MARK_KEEP } from "./constants.ts";
import type { NftExpression, NftStatement } from "./kernel/nft/json.ts";
import type { ChainRule } from "./kernel/nft/transaction.ts";
import { WORDS } from "./skeleton/words.ts";

export type ChainRules = ReadonlyMap<string, readonly ChainRule[]>;

/** What becomes of packets with an egress id: sent to its gateway, or SNATed here. */
export type IdRole = "tunnel" | "snat";

/** What the pods of this node do with the id. */
export const idChainName = (id: EgressId) => `id_${id}`;
/** What happens to packets with the id that arrive through the tunnel. */
export const heldChainName = (id: EgressId) => `held_${id}`;

/** The egress id in the name of an `id_` chain; `null` for other chains. */
export function idOfChain(name: string): EgressId | null {
  const digits = /^id_(\d+)$/.exec(name)?.[1];
  return digits === undefined ? null : Number(digits);
}

export function isClassChain(name: string): boolean {
  return name.startsWith("class_");
}

export function isDynamicChain(name: string): boolean {
  return /^(class|id|held)_/.test(name);
}

/** How the comment of an id's chain ends. */
export const SNAT_HERE = "SNAT here";

/** Marks packet and connection, our bits only: nft 1.0.6 can do that with constants alone, hence a chain for each id. */
export function idChain(id: EgressId, role: IdRole): readonly ChainRule[] {
  const roleBit = role === "tunnel" ? MARK_TUNNEL : MARK_SNAT;
  const toWhere = role === "tunnel" ? "to the gateway" : SNAT_HERE;
  return [
    { comment: `egress id ${id}: ${toWhere}`, statements: [setMark("meta", META_MARK_KEEP, roleBit + id)] },
    { comment: `the connection keeps egress id ${id}`, statements: [setMark("ct", CT_MARK_KEEP, id)] },
    { comment: "decided", statements: [{ accept: null }] },
  ];
}

/** Named by its content: an edit makes another chain, to which the pods' elements are then switched. */
export function classChainName(podClass: PodClass): string {
  const content = podClass.rules
    .map(({ cidr, id, nodeIP, policy }) => `${cidr} ${nodeIP ? "!" : ""}${id} ${policy}`)
    .join("\n");
  return `class_${createHash("sha256").update(content).digest("hex").slice(0, 12)}`;
}

export function classChain(podClass: PodClass): readonly ChainRule[] {
  return [
    {
      comment: "of no connection, so nothing would give it the floating IP",
      statements: [{ match: { op: "==", left: { ct: { key: "state" } }, right: "invalid" } }, { drop: null }],
    },
    ...podClass.rules.map((rule) => ({
      // "!": with the node's address instead.
      comment: `${rule.cidr} -> ${rule.nodeIP ? "!" : ""}${rule.id} ${shortName(rule.policy)}`,
      statements: [
        ...matchPrefix("daddr", rule.cidr),
        rule.nodeIP ? { return: null } : { goto: { target: idChainName(rule.id) } },
      ],
    })),
  ];
}

/** What a rule's comment has room for beside a prefix and an id: nft takes 128 characters. */
const POLICY_NAME_LENGTH_MAX = 70;

/** Names may have 253 characters. */
function shortName(policy: string): string {
  return policy.slice(0, POLICY_NAME_LENGTH_MAX);
}

/** A class chain's rules, read back from their comments; policies by their short names. */
export function rulesOfClassChain(comments: readonly string[]): readonly ClassRule[] {
  return comments.flatMap((comment) => {
    const [, cidr, not, id, policy] = /^(\S+) -> (!?)(\d+) (\S+)$/.exec(comment) ?? [];
    if (cidr === undefined || policy === undefined) return [];
    return [{ cidr, id: Number(id), policy, ...(not === "!" ? { nodeIP: true } : {}) }];
  });
}

function setMark(key: "meta" | "ct", keep: number, value: number): NftStatement {
  const mark: NftExpression = key === "meta" ? { meta: { key: "mark" } } : { ct: { key: "mark" } };
  return { mangle: { key: mark, value: { "|": [{ "&": [mark, keep] }, value] } } };
}

/** Never matches the other family, also where the prefix covers every address of its own. */
export function matchPrefix(field: "saddr" | "daddr", cidr: string): readonly NftStatement[] {
  const { address: addr, length, all } = splitPrefix(cidr);
  const { ip, nfproto } = WORDS[familyOf(addr)];
  if (length === 0) return [{ match: { op: "==", left: { meta: { key: "nfproto" } }, right: nfproto } }];
  const right: NftExpression = length === all ? addr : { prefix: { addr, len: length } };
  return [{ match: { op: "==", left: { payload: { protocol: ip, field } }, right } }];
}
