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
import {
  GATEWAY_TABLE,
  GUARD_TABLE,
  ID_MASK,
  MAIN_TABLE,
  MARK_SNAT,
  MARK_TUNNEL,
  NEXT_HOP_MAC,
  OVERLAY_DEVICE,
  TCP_HEADER_BYTES,
} from "./constants.ts";
import type { ChainDeclaration, TableDeclaration } from "./kernel/nft/declaration.ts";

export interface SkeletonNumbers {
  readonly overlayPort: number;
  readonly overlayMtu: number;
}

const hex = (mark: number) => `0x${mark.toString(16).padStart(8, "0")}`;
const overlay = `"${OVERLAY_DEVICE}"`;
const hasTunnelMark = `meta mark & ${hex(MARK_TUNNEL)} == ${hex(MARK_TUNNEL)}`;
const hasSnatMark = `meta mark & ${hex(MARK_SNAT)} == ${hex(MARK_SNAT)}`;

export function mainTable({ overlayPort, overlayMtu }: SkeletonNumbers): TableDeclaration {
  return {
    table: MAIN_TABLE,
    counters: ["held"],
    sets: [
      { name: "pods", key: "ip saddr . ether saddr", value: "verdict" },
      { name: "ids", key: "meta mark", value: "verdict" },
      { name: "held_ids", key: "meta mark", value: "verdict" },
      { name: "floating_of_id", key: "meta mark", value: "ip saddr" },
      { name: "floating", key: "ip daddr" },
      { name: "destinations", key: "ip daddr", interval: true },
      { name: "no_egress", key: "ip daddr", interval: true },
      { name: "pod_cidrs", key: "ip saddr", interval: true },
      { name: "uplinks", key: "iifname" },
      { name: "nodes", key: "ip saddr" },
      { name: "unknown", key: "ip saddr . ether saddr", dynamic: "size 4096; flags dynamic,timeout; timeout 60s" },
    ],
    chains: [
      holdChain,
      classifyChain,
      fromTunnelChain,
      {
        name: "raw",
        hook: { type: "filter", hook: "prerouting", priority: -300 },
        rules: [
          {
            text: `udp dport ${overlayPort} ip saddr != @nodes drop`,
            comment: "the mark in the header is not authenticated: outer packets come from nodes only",
          },
        ],
      },
      {
        // Before DNAT (-100), or host ports and node ports would answer on a floating IP.
        name: "inbound",
        hook: { type: "filter", hook: "prerouting", priority: -150 },
        rules: [
          {
            text: `iifname != ${overlay} ip daddr @floating ct state new,invalid drop`,
            comment: "nothing is served on a floating IP, and no RST answers for connections not known here",
          },
        ],
      },
      preroutingChain,
      {
        // Before the masquerade of CNI plugins and kube-proxy (100): the first NAT decision of a connection stands.
        name: "post",
        hook: { type: "nat", hook: "postrouting", priority: 90 },
        rules: [
          {
            text: `oifname ${overlay} meta nfproto ipv4 snat ip to ip saddr`,
            comment: "the gateway must see the pod's address",
          },
          {
            text: `${hasSnatMark} snat ip to meta mark & ${hex(ID_MASK)} map @floating_of_id`,
            comment: "leaves with the floating IP of its egress id",
          },
        ],
      },
      {
        name: "mss",
        hook: { type: "filter", hook: "forward", priority: -150 },
        rules: [
          {
            text: `oifname ${overlay} tcp flags & (syn | rst) == syn tcp option maxseg size set rt mtu`,
            comment: "segments towards the pod fit the overlay",
          },
          {
            // The answer does not pass the overlay, but limits the segments that will.
            text: `ct direction reply ct mark & ${hex(ID_MASK)} != 0 tcp flags & (syn | rst) == syn tcp option maxseg size > ${overlayMtu - TCP_HEADER_BYTES} tcp option maxseg size set ${overlayMtu - TCP_HEADER_BYTES}`,
            comment: "segments from the pod fit the overlay",
          },
        ],
      },
    ],
  };
}

const holdChain: ChainDeclaration = {
  name: "hold",
  rules: [
    { text: "counter name held", comment: "counted" },
    { text: "update @unknown { ip saddr . ether saddr }", comment: "named, for whoever asks why" },
    { text: "drop", comment: "not known yet: dropped, never sent with the node's address" },
  ],
};

const classifyChain: ChainDeclaration = {
  name: "classify",
  rules: [
    { text: "ip daddr != @destinations return", comment: "no policy names this destination" },
    { text: "ip daddr @no_egress return", comment: "inside the cluster" },
    { text: "iifname @uplinks return", comment: "not from a pod of this node" },
    { text: "ip saddr . ether saddr vmap @pods", comment: "a known pod: its class, or not selected" },
    { text: "ip saddr @pod_cidrs goto hold", comment: "an unknown pod" },
  ],
};

const fromTunnelChain: ChainDeclaration = {
  name: "from_tunnel",
  rules: [
    { text: "ip saddr != @pod_cidrs drop", comment: "only pods use the tunnel" },
    { text: `meta mark set meta mark & ${hex(ID_MASK)}`, comment: "the header also carries bits of kube-proxy" },
    { text: "meta mark vmap @held_ids", comment: "an id held here" },
    { text: "counter drop", comment: "the sender believes an older gateway" },
  ],
};

const preroutingChain: ChainDeclaration = {
  // After DNAT (-100): a Service with an external endpoint is judged by where it really goes.
  name: "pre",
  hook: { type: "filter", hook: "prerouting", priority: -90 },
  rules: [
    { text: `iifname ${overlay} goto from_tunnel`, comment: "for a gateway" },
    { text: "ct direction reply return", comment: "replies keep their path" },
    { text: "ct state new goto classify", comment: "new connections are classified" },
    {
      text: "tcp flags & (fin | syn | rst | ack) == syn goto classify",
      comment: "a SYN on a stale entry is a new connection",
    },
    { text: `ct mark & ${hex(ID_MASK)} vmap @ids`, comment: "established: the egress id it began with" },
  ],
};

/** Drops what would break the promise, whatever becomes of the main table. */
export function guardTable(): TableDeclaration {
  return {
    table: GUARD_TABLE,
    counters: ["not_in_tunnel", "not_snated"],
    sets: [{ name: "floating", key: "ip saddr" }],
    chains: [
      {
        // Not in postrouting: there the outer packets pass, which keep the mark.
        name: "forward",
        hook: { type: "filter", hook: "forward", priority: 310 },
        rules: [
          { text: "ct direction reply return", comment: "replies keep their path" },
          {
            text: `${hasTunnelMark} oifname != ${overlay} counter name not_in_tunnel drop`,
            comment: "marked, but about to leave beside the tunnel",
          },
        ],
      },
      {
        name: "late",
        hook: { type: "filter", hook: "postrouting", priority: 310 },
        rules: [
          { text: "ct direction reply return", comment: "replies keep their path" },
          {
            text: `${hasSnatMark} ct original ip saddr != @floating ct reply ip daddr != @floating counter name not_snated drop`,
            comment: "marked for SNAT, but about to leave without",
          },
        ],
      },
    ],
  };
}

/** Needs the overlay device: the hook is part of it. */
export function gatewayTable(): TableDeclaration {
  return {
    table: GATEWAY_TABLE,
    counters: [],
    sets: [{ name: "gateways", key: "meta mark", value: "ether daddr" }],
    chains: [
      {
        name: "egress",
        hook: { type: "filter", hook: "egress", priority: 0, device: OVERLAY_DEVICE },
        rules: [
          {
            text: `ether daddr set meta mark & ${hex(ID_MASK)} map @gateways`,
            comment: "to the gateway of the egress id",
          },
          { text: `ether daddr ${NEXT_HOP_MAC} counter drop`, comment: "no gateway for this egress id: held" },
        ],
      },
    ],
  };
}
