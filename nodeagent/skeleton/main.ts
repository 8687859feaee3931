/**
 * The fixed part of our nftables rules. Elements and the chains `class_…`, `id_…` and `held_…` come and go; what
 * stands here is never replaced on a node that works, except behind a curtain (curtain.ts).
 *
 * How a packet travels. On the pod's node, `pre` sees it after DNAT: replies keep their path, established connections
 * follow their ct mark, new ones are classified: destination of any policy? a pod? which one? Its class chain picks
 * the egress id and goes to `id_<n>`, which marks packet and connection. The mark selects the overlay's route; the
 * egress hook writes the gateway's MAC address. On the gateway `from_tunnel` accepts what comes from pods for an id
 * held there. `post` gives it the floating IP: on the gateway when that is stateful, on the pod's node when it is stateless.
 */
import type { NodeState } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import { MAIN_TABLE, PEERS_PORT } from "../constants.ts";
import type { RuleDeclaration, SetDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { classifyingChains, preroutingChain } from "./classify.ts";
import { BEFORE_TRACKING } from "./from-tunnel.ts";
import { gatewayTranslation, sourceTranslation, translatingChain } from "./translate.ts";
import { hasEgressMark, idInMark, overlay, setName, unjudge, WORDS } from "./words.ts";

export interface SkeletonSettings extends Pick<NodeState, "gatewayMode" | "portBlock"> {
  readonly overlayPort: number;
  readonly overlayMtu: number;
}

export function mainTable(settings: SkeletonSettings): TableDeclaration {
  const { overlayPort, overlayMtu, gatewayMode, portBlock } = settings;
  const stateless = gatewayMode === "stateless";
  return {
    table: MAIN_TABLE,
    counters: ["held", ...(stateless ? ["portless"] : [])],
    sets: [
      { name: "ids", key: "meta mark", value: "verdict" },
      { name: "held_ids", key: "meta mark", value: "verdict" },
      { name: "zones", key: "meta mark", value: "ct zone" },
      { name: "uplinks", key: "iifname" },
      ...FAMILIES.flatMap(setsOf),
      ...(stateless ? statelessSets : []),
    ],
    chains: [
      ...classifyingChains(gatewayMode),
      ...(stateless ? FAMILIES.map((family) => translatingChain(family, portBlock)) : []),
      {
        name: "raw",
        hook: { type: "filter", hook: "prerouting", priority: -300 },
        rules: [
          ...BEFORE_TRACKING[gatewayMode],
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
        rules: stateless ? sourceTranslation : FAMILIES.flatMap((family) => gatewayTranslation(family, portBlock)),
      },
      {
        name: "mss",
        hook: { type: "filter", hook: "forward", priority: -150 },
        rules: [
          { text: unjudge, comment: "the shield has seen the bit, nobody else does" },
          ...(stateless
            ? FAMILIES.map((family) => offeredSegments(family, overlayMtu))
            : [
                {
                  text: `oifname ${overlay} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`,
                  comment: "segments towards the pod fit the overlay",
                },
              ]),
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

/** What a gateway passes on is not cut in pieces: also where the pod is on the gateway's node now, and later is not. */
function offeredSegments(family: Family, overlayMtu: number): RuleDeclaration {
  return {
    text: `meta nfproto ${WORDS[family].nfproto} ${hasEgressMark} ${limitSegments(family, overlayMtu)}`,
    comment: `segments towards the pod fit the overlay: IPv${family}`,
  };
}

const statelessSets: readonly SetDeclaration[] = [
  { name: "numbered", key: "meta l4proto" },
  ...FAMILIES.map((family) => ({
    name: setName("served", family),
    key: `meta mark . ${WORDS[family].ip} saddr`,
  })),
];

/** The answer does not pass the overlay, but limits the segments that will. */
function answerSegments(family: Family, overlayMtu: number): RuleDeclaration {
  return {
    text: `meta nfproto ${WORDS[family].nfproto} ct direction reply ct ${idInMark} != 0 ${limitSegments(family, overlayMtu)}`,
    comment: `segments from the pod fit the overlay: IPv${family}`,
  };
}

function limitSegments(family: Family, overlayMtu: number): string {
  const size = overlayMtu - WORDS[family].headerBytes;
  return `tcp flags & (syn | rst) == syn tcp option maxseg size > ${size} tcp option maxseg size set ${size}`;
}
