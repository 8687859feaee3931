/** Whose packet is it, and which policy's? The chains behind `pre`. */
import type { GatewayMode } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import { PROBE_NUMBER } from "../constants.ts";
import type { ChainDeclaration } from "../kernel/nft/declaration.ts";
import { OVERLAY_SOURCES } from "../overlay-source.ts";
import { FROM_TUNNEL } from "./from-tunnel.ts";
import {
  idAndRole,
  isServerTold,
  judge,
  overlay,
  setName,
  setTunnelMark,
  tellBoth,
  tellClient,
  tellServer,
  WORDS,
} from "./words.ts";

/** A chain stands before the chain that jumps to it. */
export function classifyingChains(mode: GatewayMode): readonly ChainDeclaration[] {
  return [holdChain, classifyChain(6), classifyChain(4), FROM_TUNNEL[mode], endedChain];
}

const holdChain: ChainDeclaration = {
  name: "hold",
  rules: [
    { text: "counter name held", comment: "counted" },
    ...FAMILIES.map((family) => ({
      text: `update @${setName("unknown", family)} { ${WORDS[family].ip} saddr . ether saddr }`,
      comment: `named, for whoever asks why: IPv${family}`,
    })),
    { text: "drop", comment: "not known yet: dropped, never sent with the node's address" },
  ],
};

const outOfStep = {
  text: `ct state invalid tcp flags & rst == rst tcp sequence ${PROBE_NUMBER} drop`,
  comment: "the answer to a probe, of a connection that is gone",
};

function classifyChain(family: Family): ChainDeclaration {
  const { ip, neverRouted } = WORDS[family];
  const set = (name: string) => `@${setName(name, family)}`;
  const answer = `${ip} saddr . udp sport . ${ip} daddr . udp dport`;
  const toOther = { text: `meta nfproto ipv6 goto ${setName("classify", 6)}`, comment: "IPv6 has sets of its own" };
  return {
    name: setName("classify", family),
    rules: [
      ...(family === 4 ? [outOfStep, toOther] : []),
      {
        text: `${answer} ${set("late_answers")} update ${set("late_answers")} { ${answer} } drop`,
        comment: "on the way that a pod's datagrams took before: no connection begins with it",
      },
      { text: `${ip} daddr != ${set("destinations")} return`, comment: "no policy names this destination" },
      { text: judge, comment: "what passes here was judged: the shield lets it pass" },
      ...neverRouted.map((prefix) => ({ text: `${ip} daddr ${prefix} return`, comment: `never routed: ${prefix}` })),
      { text: `${ip} daddr ${set("no_egress")} return`, comment: "inside the cluster" },
      { text: "iifname @uplinks return", comment: "not from a pod of this node" },
      { text: `${ip} saddr . ether saddr vmap ${set("pods")}`, comment: "a known pod: its class, or not selected" },
      { text: `${ip} saddr ${set("pod_cidrs")} goto hold`, comment: "an unknown pod" },
    ],
  };
}

/**
 * Connections that have ended, of which only the entry is left: from the pod's next packets first the server is told, by
 * turning it into an RST that takes the way the connection took, then the pod. What the pod sends when it is told, or has
 * been, goes to the server. The entry is what keeps them from being picked up midway as connections without a policy.
 */
const endedChain: ChainDeclaration = {
  name: "ended",
  rules: [
    {
      text: `tcp flags & rst == rst ${tellBoth} meta mark set ct ${idAndRole} accept`,
      comment: "the pod has given up: the server is told",
    },
    { text: "tcp flags & syn == syn drop", comment: "a new connection begins when the entry is gone" },
    { text: `${isServerTold} ${tellClient} reject with tcp reset`, comment: "the pod is told" },
    {
      text: `meta l4proto tcp ${tellServer} tcp flags set rst meta mark set ct ${idAndRole} accept`,
      comment: "the server is told",
    },
    { text: "drop", comment: "protocols without a reset" },
  ],
};

export const preroutingChain: ChainDeclaration = {
  // After DNAT (-100): a Service with an external endpoint is judged by where it really goes.
  name: "pre",
  hook: { type: "filter", hook: "prerouting", priority: -90 },
  rules: [
    { text: `iifname ${overlay} goto from_tunnel`, comment: "for a gateway" },
    ...FAMILIES.map((family) => ({
      text: `ct direction reply ${WORDS[family].ip} daddr ${OVERLAY_SOURCES[family]} ${setTunnelMark} accept`,
      comment: `from a server, to the pod's node: IPv${family}`,
    })),
    { text: "ct direction reply return", comment: "replies keep their path" },
    // Neighbour and router discovery is neither new nor established: the kernel does not track it.
    { text: "ct state invalid,new jump classify", comment: "new connections are classified, and what belongs to none" },
    {
      text: "tcp flags & (fin | syn | rst | ack) == syn jump classify",
      comment: "a SYN on a stale entry is a new connection",
    },
    // Also what was classified as nobody's, but on an entry that has an id: it stays there until the entry is forgotten.
    { text: `ct ${idAndRole} vmap @ids`, comment: "established: the egress id it began with" },
  ],
};
