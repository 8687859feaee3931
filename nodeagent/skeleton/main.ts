/**
 * The fixed part of our nftables rules. Elements and the chains `class_…`, `id_…` and `held_…` come and go; what
 * stands here is never replaced on a node that works, except behind a curtain (curtain.ts).
 *
 * How a packet travels. On the pod's node, `pre` sees it after DNAT: replies keep their path, established connections
 * follow their ct mark, new ones are classified: destination of any policy? a pod? which one? Its class chain picks
 * the egress id and goes to `id_<n>`, which marks packet and connection. The mark selects the overlay's route; the
 * egress hook writes the gateway's MAC address. On the gateway `from_tunnel` accepts what comes from pods for an id
 * held there, and `post` gives it the floating IP.
 */
import { FAMILIES, type Family } from "../addresses.ts";
import { MAIN_TABLE, PEERS_PORT } from "../constants.ts";
import type { RuleDeclaration, SetDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { classifyingChains, preroutingChain } from "./classify.ts";
import { hasSnatMark, idInMark, overlay, setName, unjudge, WORDS } from "./words.ts";

export interface SkeletonNumbers {
  readonly overlayPort: number;
  readonly overlayMtu: number;
}

export function mainTable({ overlayPort, overlayMtu }: SkeletonNumbers): TableDeclaration {
  return {
    table: MAIN_TABLE,
    counters: ["held"],
    sets: [
      { name: "ids", key: "meta mark", value: "verdict" },
      { name: "held_ids", key: "meta mark", value: "verdict" },
      { name: "zones", key: "meta mark", value: "ct zone" },
      { name: "uplinks", key: "iifname" },
      ...FAMILIES.flatMap(setsOf),
    ],
    chains: [
      ...classifyingChains(),
      {
        name: "raw",
        hook: { type: "filter", hook: "prerouting", priority: -300 },
        rules: [
          // The same ports may go on under another id, and the first NAT decision of an entry stands.
          {
            text: `iifname ${overlay} ct original zone set meta ${idInMark} map @zones`,
            comment: "each egress id has entries of its own",
          },
          ...FAMILIES.flatMap((family) => [
            {
              text: `udp dport ${overlayPort} ${WORDS[family].ip} saddr != @${setName("nodes", family)} drop`,
              comment: `the mark in the header is not authenticated, outer packets come from nodes only: IPv${family}`,
            },
            {
              text: `udp dport ${PEERS_PORT} ${WORDS[family].ip} saddr != @${setName("nodes", family)} drop`,
              comment: `agents hear nodes only: IPv${family}`,
            },
          ]),
        ],
      },
      {
        // Before DNAT (-100), or host ports and node ports would answer on a floating IP.
        name: "inbound",
        hook: { type: "filter", hook: "prerouting", priority: -150 },
        rules: FAMILIES.map((family) => ({
          text: `iifname != ${overlay} ${WORDS[family].ip} daddr @${setName("floating", family)} ct state new,invalid drop`,
          comment: `nothing is served on a floating IP, and no RST answers for connections not known here: IPv${family}`,
        })),
      },
      preroutingChain,
      {
        // Before the masquerade of CNI plugins and kube-proxy (100): the first NAT decision of a connection stands.
        name: "post",
        hook: { type: "nat", hook: "postrouting", priority: 90 },
        rules: FAMILIES.flatMap(natRules),
      },
      {
        name: "mss",
        hook: { type: "filter", hook: "forward", priority: -150 },
        rules: [
          { text: unjudge, comment: "the shield has seen the bit, nobody else does" },
          {
            text: `oifname ${overlay} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`,
            comment: "segments towards the pod fit the overlay",
          },
          ...FAMILIES.map((family) => answerSegments(family, overlayMtu)),
        ],
      },
    ],
  };
}

function setsOf(family: Family): readonly SetDeclaration[] {
  const { ip } = WORDS[family];
  const sets: readonly SetDeclaration[] = [
    { name: "pods", key: `${ip} saddr . ether saddr`, value: "verdict" },
    { name: "floating_of_id", key: "meta mark", value: `${ip} saddr` },
    { name: "floating", key: `${ip} daddr` },
    { name: "destinations", key: `${ip} daddr`, interval: true },
    { name: "no_egress", key: `${ip} daddr`, interval: true },
    { name: "pod_cidrs", key: `${ip} saddr`, interval: true },
    { name: "nodes", key: `${ip} saddr` },
    { name: "unknown", key: `${ip} saddr . ether saddr`, dynamic: "size 4096; flags dynamic,timeout; timeout 60s" },
    {
      name: "late_answers",
      key: `${ip} saddr . udp sport . ${ip} daddr . udp dport`,
      dynamic: "size 65535; flags dynamic,timeout; timeout 60s",
    },
  ];
  return sets.map((set) => ({ ...set, name: setName(set.name, family) }));
}

/** The family is named: nft 1.0.6 does not conclude it from the map, and the other family's packets would match. */
function natRules(family: Family): readonly RuleDeclaration[] {
  const { ip, nfproto } = WORDS[family];
  return [
    {
      text: `oifname ${overlay} meta nfproto ${nfproto} snat ${ip} to ${ip} saddr`,
      comment: `the gateway must see the pod's address: IPv${family}`,
    },
    {
      text: `meta nfproto ${nfproto} ${hasSnatMark} snat ${ip} to meta ${idInMark} map @${setName("floating_of_id", family)}`,
      comment: `leaves with the floating IP of its egress id: IPv${family}`,
    },
  ];
}

/** The answer does not pass the overlay, but limits the segments that will. */
function answerSegments(family: Family, overlayMtu: number): RuleDeclaration {
  const { nfproto, headerBytes } = WORDS[family];
  const size = overlayMtu - headerBytes;
  return {
    text: `meta nfproto ${nfproto} ct direction reply ct ${idInMark} != 0 tcp flags & (syn | rst) == syn tcp option maxseg size > ${size} tcp option maxseg size set ${size}`,
    comment: `segments from the pod fit the overlay: IPv${family}`,
  };
}
