/** What becomes of a connection when policies changed: it stays, it ends, or its next packet begins it anew. */
import type { ClassRule, EgressId, PortBlock } from "../../policies/nodestate.ts";
import { isInPrefix, splitPrefix } from "../addresses.ts";
import { CT_MARK_OURS, ID_MASK } from "../constants.ts";
import { UDP } from "../kernel/ctnetlink.ts";
import type { Flow } from "../kernel/flows.ts";
import { isOverlaySource } from "../overlay-source.ts";
import { hasPort } from "../port-block.ts";

export interface PodChange {
  readonly ip: string;
  readonly mac: string;
  /** That its packets met so far. */
  readonly formerRules: readonly ClassRule[];
  /**
   * That its packets meet from now on; none: it is not selected any more. `unknown`: there is a pod with this address, but
   * whether it is the same one is not known, so whatever it sends begins anew, and waits until it is.
   */
  readonly rules: readonly ClassRule[] | "unknown" | "gone";
}

export interface Settlement {
  readonly pods: readonly PodChange[];
  /** Of these also the connections of pods that are not known end. */
  readonly vanishedIds: readonly EgressId[];
  /** Others than those of these pods may be concerned. */
  readonly isAnybodys: boolean;
  /** Marks of other numbers are somebody else's. */
  readonly ids: readonly EgressId[];
  /** Floating IPs by which this node translates: when stateful those it holds. */
  readonly floatingOfId: ReadonlyMap<EgressId, string>;
  readonly noEgressCIDRs: readonly string[];
  /** Null: this node's pods are translated by their gateways. */
  readonly stateless: Stateless | null;
}

/** This node translates its pods' connections itself, for as long as they last. */
interface Stateless {
  /** Null: it has no ports to do so. */
  readonly block: PortBlock | null;
  /** Those whose way does not lead through the overlay. */
  readonly idsHeldHere: ReadonlySet<EgressId>;
}

export type Judgement = "keep" | "end" | "forget";

const ICMP = 1;
const ICMPV6 = 58;
/** Their packets begin anew at any time. Of other protocols packets midway would be taken for a connection without a policy. */
const WITHOUT_CONNECTION: readonly number[] = [ICMP, UDP, ICMPV6];

/** In which both ends may still wait for each other (nf_conntrack_proto_tcp.c). */
const OPEN_STATES: readonly (string | null)[] = ["SYN_RECV", "ESTABLISHED", "FIN_WAIT", "CLOSE_WAIT"];

/** The others are left to their timeout: nobody waits for them, and what a pod answers on them is out of step. */
export function isOpen({ tcpState }: Flow): boolean {
  return OPEN_STATES.includes(tcpState);
}

/**
 * A connection stays while some rule leads there by the id that it has: also when a longer prefix leads new ones
 * elsewhere. What nobody has answered yet is no connection, it follows the rules as they are.
 */
export function createJudge(settlement: Settlement): (flow: Flow) => Judgement {
  const { pods, ids, floatingOfId, noEgressCIDRs } = settlement;
  const known = new Set(ids);
  const vanished = new Set(settlement.vanishedIds);
  const rulesOf = new Map(pods.map(({ ip, rules }) => [ip, rules]));
  return (flow) => {
    const mark = flow.mark & CT_MARK_OURS;
    const id = known.has(mark) ? mark : null;
    const hasEnded = id === null && known.has(mark & ID_MASK);
    const rules = rulesOf.get(flow.source);
    if (hasEnded || flow.zoned) return "keep";
    if (id !== null && !isAnswerable(flow, id, settlement)) return ending(flow);
    if (rules === undefined) return id !== null && vanished.has(id) ? ending(flow) : "keep";
    if (rules === "unknown") return "forget";
    if (rules === "gone") return id === null ? "forget" : ending(flow);
    const leading = noEgressCIDRs.some((cidr) => covers(cidr, flow.server)) ? [] : leadingTo(flow.server, rules);
    if (flow.answered) return id === null || leading.some((rule) => leadsBy(rule, id)) ? "keep" : ending(flow);
    const wanted = leading[0] === undefined || leading[0].nodeIP ? null : leading[0].id;
    const isTranslated = id === null || isTranslatedFor(flow, floatingOfId.get(id));
    return id === wanted && isTranslated ? "keep" : "forget";
  };
}

/** @param floatingIP of its id if that is translated here; otherwise its gateway does it */
function isTranslatedFor({ seenAs, source }: Flow, floatingIP: string | undefined): boolean {
  return floatingIP === undefined ? seenAs === source || isOverlaySource(seenAs) : seenAs === floatingIP;
}

function leadsBy(rule: ClassRule, id: EgressId): boolean {
  return rule.id === id && !rule.nodeIP;
}

/**
 * When stateless, an answer is found by address and port: both must still be those of its id and of this node. They are
 * not after another mode, or when they were given to somebody else.
 */
function isAnswerable(flow: Flow, id: EgressId, { stateless, floatingOfId }: Settlement): boolean {
  if (stateless === null) return true;
  const { block } = stateless;
  return block !== null && hasPort(block, flow.seenAsPort) && flow.seenAs === floatingOfId.get(id);
}

/** In their order. */
export function leadingTo(ip: string, rules: readonly ClassRule[]): readonly ClassRule[] {
  return rules.filter(({ cidr }) => covers(cidr, ip));
}

function ending({ protocol, answered }: Flow): Judgement {
  return !answered || WITHOUT_CONNECTION.includes(protocol) ? "forget" : "end";
}

function covers(cidr: string, ip: string): boolean {
  const { address, length } = splitPrefix(cidr);
  return isInPrefix(ip, address, length);
}
