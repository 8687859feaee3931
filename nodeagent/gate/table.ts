/**
 * The gate: whatever claims a floating IP, in ARP, neighbour discovery or as an IP source, leaves this node only while
 * its lease runs and only for addresses that are its own; what is addressed to one arrives only then.
 *
 * The lease is one element with a timeout, so the kernel ends it, whatever becomes of the agent. The agent renews it by
 * sending itself a packet on loopback (control.ts): the chain `control` sees it leave. `arm` comes before each heartbeat
 * to the witnesses, and a lease is only renewed while that lasts: an agent that slept cannot use an old acknowledgement.
 *
 * `meta mark & 0` is how nft 1.0.6 spells a constant key; a literal one is misread.
 */
import { FAMILIES, type Family } from "../addresses.ts";
import { CONFLICT_REMEMBERED_S, LEASE_PORT, LEASE_TABLE } from "../constants.ts";
import type { ChainDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { TIMING } from "../lease/timing.ts";
import { setName, WORDS } from "../skeleton/words.ts";

/** First to see what arrives, last to see what leaves: after everybody who still changes it. */
const ARRIVING_PRIORITY = -300;
export const LEAVING_PRIORITY = 300;

/** Of the UDP header's end, in bits: the key of the agent's run (128), then the operation. */
const KEY = "@th,64,128";
const OPERATION = "@th,192,8";
/** The target of a neighbour solicitation or advertisement; nft 1.0.6 has no name for it. */
export const TARGET = "@th,64,128";

export const OPERATIONS = { arm: 1, refresh: 2, park: 3, release: 4 } as const;
export type Operation = keyof typeof OPERATIONS;

const CONSTANT = "meta mark & 0x00000000";
const timed = (timeoutMs: number) => `size 8; flags dynamic,timeout; timeout ${timeoutMs}ms`;
const remembered = `size 1024; flags dynamic,timeout; timeout ${CONFLICT_REMEMBERED_S}s`;

/** No type of nft 1.0.6 serves addresses in headers and in neighbour discovery's payload: IPv6 has two sets. */
function addressSets(name: "floating" | "mine"): TableDeclaration["sets"] {
  return [
    ...FAMILIES.map((family) => ({ name: setName(name, family), key: `${WORDS[family].ip} daddr` })),
    { name: `${name}_targets`, key: TARGET },
  ];
}

export const floatingSets = addressSets("floating");

export function leaseTable(underlay: string): TableDeclaration {
  return {
    table: LEASE_TABLE,
    counters: [],
    sets: [
      ...floatingSets,
      ...addressSets("mine"),
      { name: "gateway_macs", key: "ether saddr" },
      { name: "generation", key: "meta mark", value: "meta mark" },
      { name: "key", key: KEY },
      { name: "armed", key: "meta mark", dynamic: timed(TIMING.armMs) },
      { name: "lease", key: "meta mark", dynamic: timed(TIMING.leaseMs) },
      { name: "conflicts", key: "arp saddr ip . ether saddr", dynamic: remembered },
      { name: "conflicts6", key: "ip6 saddr . ether saddr", dynamic: remembered },
      { name: "conflict_targets", key: `${TARGET} . ether saddr`, dynamic: remembered },
      { name: "contested", key: "arp saddr ip . ether saddr", dynamic: remembered },
      { name: "contested6", key: "ip6 saddr . ether saddr", dynamic: remembered },
      { name: "contested_targets", key: `${TARGET} . ether saddr`, dynamic: remembered },
    ],
    chains: [
      askedChain,
      controlChain,
      ...FAMILIES.flatMap((family) => [judge("out", family, "saddr"), judge("in", family, "daddr")]),
      judgeBy("out_arp", "arp saddr ip", "mine"),
      judgeBy("in_arp", "arp daddr ip", "mine"),
      judgeBy("target", TARGET, "mine_targets"),
      leavingChain(underlay),
      arrivingChain(underlay),
    ],
  };
}

/** Everything else on loopback is somebody else's: only what is matched gets any further. */
const controlChain: ChainDeclaration = {
  name: "control",
  hook: { type: "filter", hook: "egress", device: "lo", priority: 0 },
  rules: [{ text: `ip daddr 127.0.0.1 udp dport ${LEASE_PORT} goto asked`, comment: "of the agent" }],
};

const askedChain: ChainDeclaration = {
  name: "asked",
  rules: [
    { text: "meta skuid != 0 drop", comment: "root only" },
    { text: `${KEY} != @key drop`, comment: "of the agent that runs now, not of one before it or of somebody else" },
    { text: does("arm", `update @armed { ${CONSTANT} timeout ${TIMING.armMs}ms }`), comment: "arm" },
    {
      text: does("refresh", `${CONSTANT} @armed update @lease { ${CONSTANT} timeout ${TIMING.leaseMs}ms }`),
      comment: "refresh: only while armed",
    },
    {
      text: does("park", `${CONSTANT} @armed update @lease { ${CONSTANT} timeout ${TIMING.parkMs}ms }`),
      comment: "park: only while armed",
    },
    { text: does("release", `delete @lease { ${CONSTANT} }`), comment: "release" },
    { text: "drop", comment: "without an echo the agent knows that nothing was done" },
  ],
};

function does(operation: Operation, statement: string): string {
  return `${OPERATION} ${OPERATIONS[operation]} ${statement} accept`;
}

function judge(direction: "in" | "out", family: Family, field: "saddr" | "daddr"): ChainDeclaration {
  return judgeBy(`${direction}_${WORDS[family].ip}`, `${WORDS[family].ip} ${field}`, setName("mine", family));
}

function enter(direction: "in" | "out", family: Family, field: "saddr" | "daddr") {
  const { ip } = WORDS[family];
  return {
    text: `${ip} ${field} @${setName("floating", family)} goto ${direction}_${ip}`,
    comment: WORDS[family].nfproto,
  };
}

function judgeBy(name: string, key: string, mine: string): ChainDeclaration {
  return {
    name,
    rules: [
      { text: `${CONSTANT} != @lease counter drop`, comment: "no lease" },
      { text: `${key} != @${mine} counter drop`, comment: "a lease, but the address is another node's" },
    ],
  };
}

function leavingChain(underlay: string): ChainDeclaration {
  return {
    name: "leaving",
    hook: { type: "filter", hook: "egress", device: underlay, priority: LEAVING_PRIORITY },
    rules: [
      // The kernel's own advertisements have the address as their source; others' need not. A jump: the source is judged too.
      {
        text: `icmpv6 type nd-neighbor-advert ${TARGET} @floating_targets jump target`,
        comment: "advertised",
      },
      ...FAMILIES.map((family) => enter("out", family, "saddr")),
      { text: "arp saddr ip @floating goto out_arp", comment: "ARP, whatever it says" },
    ],
  };
}

function arrivingChain(underlay: string): ChainDeclaration {
  return {
    name: "arriving",
    hook: { type: "filter", hook: "ingress", device: underlay, priority: ARRIVING_PRIORITY },
    rules: [
      // Before the gate, or a node that does not hold the address would be blind to conflicts.
      { text: `arp saddr ip @floating ${foreign("conflicts", "arp saddr ip")}`, comment: "used by somebody else: ARP" },
      {
        text: `arp saddr ip 0.0.0.0 arp daddr ip @floating ${foreign("conflicts", "arp daddr ip")}`,
        comment: "wanted by somebody else: ARP probe (RFC 5227)",
      },
      { text: `ip6 saddr @floating6 ${foreign("conflicts6", "ip6 saddr")}`, comment: "used by somebody else: IPv6" },
      {
        text: `icmpv6 type nd-neighbor-advert ${TARGET} @floating_targets ${foreign("conflict_targets", TARGET)}`,
        comment: "used by somebody else: advertised",
      },
      {
        text: `icmpv6 type nd-neighbor-solicit ip6 saddr :: ${TARGET} @floating_targets ${foreign("conflict_targets", TARGET)}`,
        comment: "wanted by somebody else: duplicate address detection (RFC 4862)",
      },
      { text: `arp saddr ip @mine ${byGateway("contested", "arp saddr ip")}`, comment: "ours, used by a gateway: ARP" },
      { text: `ip6 saddr @mine6 ${byGateway("contested6", "ip6 saddr")}`, comment: "ours, used by a gateway: IPv6" },
      {
        text: `icmpv6 type nd-neighbor-advert ${TARGET} @mine_targets ${byGateway("contested_targets", TARGET)}`,
        comment: "ours, used by a gateway: advertised",
      },
      ...FAMILIES.map((family) => enter("in", family, "daddr")),
      { text: "arp daddr ip @floating goto in_arp", comment: "nobody answers who must not" },
      {
        text: `icmpv6 type nd-neighbor-solicit ${TARGET} @floating_targets goto target`,
        comment: "nobody answers who must not, IPv6",
      },
    ],
  };
}

function foreign(set: string, address: string): string {
  return `ether saddr != @gateway_macs update @${set} { ${address} . ether saddr }`;
}

function byGateway(set: string, address: string): string {
  return `ether saddr @gateway_macs update @${set} { ${address} . ether saddr }`;
}
