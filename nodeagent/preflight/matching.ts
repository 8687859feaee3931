/** Would a rule of somebody else's match a packet of ours? Three answers: most of what rules match by is not known here. */
import { ID_MASK } from "../constants.ts";
import { UDP } from "../kernel/ctnetlink.ts";
import type { ListedRule, Statement } from "./chains.ts";

export type Truth = "yes" | "no" | "maybe";

/** The first packet of a connection, as it passes a hook. */
export interface Packet {
  /** In words, for findings: `what goes from a pod towards the overlay`. */
  readonly words: string;
  /** `null`: the device of some pod. */
  readonly iif: string | null;
  /** `null`: not known yet. */
  readonly oif: string | null;
  /** The bits of its mark beside the egress id. */
  readonly role: number;
  /** It is UDP, to this port; absent: it may be anything. */
  readonly udpPort?: number;
}

export function ruleMatches(rule: ListedRule, packet: Packet): Truth {
  const truths = rule.statements.map((statement) => statementMatches(statement, packet));
  if (truths.includes("no")) return "no";
  return truths.includes("maybe") ? "maybe" : "yes";
}

interface Match {
  readonly op: string;
  readonly left: unknown;
  readonly right: unknown;
}

/** A statement that is no match lets every packet pass, but for limits and what iptables' extensions do. */
function statementMatches(statement: Statement, packet: Packet): Truth {
  if ("xt" in statement || "limit" in statement || "vmap" in statement) return "maybe";
  const match = statement.match as Match | undefined;
  if (match === undefined) return "yes";
  const equal = equals(match, packet);
  return match.op === "!=" ? not(equal) : equal;
}

function not(truth: Truth): Truth {
  if (truth === "maybe") return "maybe";
  return truth === "yes" ? "no" : "yes";
}

function equals({ left, right }: Match, packet: Packet): Truth {
  const key = metaKey(left);
  if (key === "iifname" || key === "iif") return deviceEquals(packet.iif, right);
  if (key === "oifname" || key === "oif") return deviceEquals(packet.oif, right);
  if (isCt(left, "state")) return alternatives(right).includes("new") ? "yes" : "no";
  if (isCt(left, "direction")) return right === "original" ? "yes" : "no";
  if (packet.udpPort !== undefined) {
    if (metaKey(left) === "l4proto") return alternatives(right).some(isUdp) ? "yes" : "no";
    const field = payloadField(left);
    if (field === "udp dport" || field === "th dport") return portEquals(packet.udpPort, right);
    if (/^(tcp|icmp|icmpv6|sctp) /.test(field)) return "no";
  }
  const mark = markTerm(left);
  return mark !== null && typeof right === "number" ? markEquals(packet.role, mark, right) : "maybe";
}

const isUdp = (protocol: unknown) => protocol === "udp" || protocol === UDP;

/** As `udp dport`; "" when it is about something else. */
function payloadField(expression: unknown): string {
  const { protocol = "", field = "" } =
    (expression as { payload?: { protocol?: string; field?: string } } | null)?.payload ?? {};
  return `${protocol} ${field}`.trim();
}

function portEquals(port: number, right: unknown): Truth {
  const truths = alternatives(right).map((one): Truth => {
    if (typeof one === "number") return one === port ? "yes" : "no";
    const range = (one as { range?: readonly unknown[] } | null)?.range;
    if (range === undefined) return "maybe";
    const [from, to] = range.map(Number);
    return port >= (from ?? 0) && port <= (to ?? 0) ? "yes" : "no";
  });
  if (truths.includes("yes")) return "yes";
  return truths.includes("maybe") ? "maybe" : "no";
}

function metaKey(expression: unknown): string | null {
  return (expression as { meta?: { key?: string } } | null)?.meta?.key ?? null;
}

function isCt(expression: unknown, key: string): boolean {
  return (expression as { ct?: { key?: string } } | null)?.ct?.key === key;
}

function deviceEquals(device: string | null, right: unknown): Truth {
  const names = alternatives(right);
  if (names.some((name) => typeof name !== "string" || name.startsWith("@"))) return "maybe";
  if (device === null) return "maybe";
  return names.some((name) => deviceNameMatches(String(name), device)) ? "yes" : "no";
}

export function deviceNameMatches(pattern: string, device: string): boolean {
  return pattern.endsWith("*") ? device.startsWith(pattern.slice(0, -1)) : pattern === device;
}

export function alternatives(right: unknown): readonly unknown[] {
  if (Array.isArray(right)) return right;
  const set = (right as { set?: unknown } | null)?.set;
  return Array.isArray(set) ? set : [right];
}

/** The bits of the mark that an expression looks at; `null` when it is about something else. */
function markTerm(expression: unknown): number | null {
  if (metaKey(expression) === "mark") return 0xffffffff;
  const and = (expression as { "&"?: readonly unknown[] } | null)?.["&"];
  return and !== undefined && metaKey(and[0]) === "mark" && typeof and[1] === "number" ? and[1] : null;
}

/**
 * Our packets carry their role and an egress id; the other bits are taken to be zero.
 *
 * @param mask the bits that are compared
 */
export function markEquals(role: number, mask: number, value: number): Truth {
  const roleSeen = (role & mask & ~ID_MASK) >>> 0;
  const valueWithoutId = (value & ~ID_MASK) >>> 0;
  if (roleSeen !== valueWithoutId) return "no";
  const idBitsSeen = mask & ID_MASK;
  if (idBitsSeen === 0) return "yes";
  return (value & ID_MASK & ~mask) === 0 ? "maybe" : "no";
}
