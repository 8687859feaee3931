/** What comes through the overlay: to a gateway from pods, and when stateless also the servers' answers to this node's pods. */
import type { GatewayMode } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import type { ChainDeclaration, RuleDeclaration } from "../kernel/nft/declaration.ts";
import { OVERLAY_SOURCES } from "../overlay-source.ts";
import { idInMark, overlay, setName, WORDS } from "./words.ts";

/** Before connection tracking. */
export const BEFORE_TRACKING: Readonly<Record<GatewayMode, readonly RuleDeclaration[]>> = {
  stateful: [
    // The same ports may go on under another id, and the first NAT decision of an entry stands.
    {
      text: `iifname ${overlay} ct original zone set meta ${idInMark} map @zones`,
      comment: "each egress id has entries of its own",
    },
  ],
  stateless: [
    {
      text: `iifname ${overlay} meta mark set meta ${idInMark}`,
      comment: "the header also carries bits of kube-proxy",
    },
    ...FAMILIES.map((family) => ({
      text: `iifname ${overlay} ${isServed(family)} notrack`,
      comment: `only passed on: IPv${family}`,
    })),
  ],
};

function isServed(family: Family): string {
  return `meta mark . ${WORDS[family].ip} saddr @${setName("served", family)}`;
}

export const FROM_TUNNEL: Readonly<Record<GatewayMode, ChainDeclaration>> = {
  stateful: {
    name: "from_tunnel",
    rules: [
      { text: "ct direction reply return", comment: "an answer to a pod of this node" },
      ...FAMILIES.map((family) => ({
        text: `${WORDS[family].ip} saddr != ${OVERLAY_SOURCES[family]} ${WORDS[family].ip} saddr != @${setName("pod_cidrs", family)} drop`,
        comment: `only pods use the tunnel: IPv${family}`,
      })),
      { text: `meta mark set meta ${idInMark}`, comment: "the header also carries bits of kube-proxy" },
      { text: "ct state invalid drop", comment: "of no connection, so nothing would give it the floating IP" },
      { text: "meta mark vmap @held_ids", comment: "an id held here" },
      { text: "counter drop", comment: "the sender believes an older gateway" },
    ],
  },
  stateless: {
    name: "from_tunnel",
    rules: [
      { text: "ct direction reply return", comment: "an answer to a pod of this node" },
      ...FAMILIES.map((family) => ({
        text: `ct state untracked ${isServed(family)} accept`,
        comment: `translated by the pod's node, for an id held here: IPv${family}`,
      })),
      // Never an entry in which the pod has the replying side, and never an RST for a connection of others.
      {
        text: "counter drop",
        comment: "the sender believes an older gateway, or nobody waits for the answer any more",
      },
    ],
  },
};
