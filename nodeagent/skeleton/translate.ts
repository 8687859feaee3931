/**
 * Who translates: the gateway (stateful), or the pod's node (stateless), with a source port that tells whose the answer is.
 */
import type { PortBlock } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import type { ChainDeclaration, RuleDeclaration } from "../kernel/nft/declaration.ts";
import { OVERLAY_SOURCES, overlaySource } from "../overlay-source.ts";
import { hasSnatMark, idInMark, overlay, PORT_PROTOCOLS, setName, WORDS } from "./words.ts";

/** Whose connections have a number that translation can choose, and by which the answer is told. */
export const NUMBERED_PROTOCOLS: readonly string[] = [...PORT_PROTOCOLS, "icmp", "ipv6-icmp"];

/** Whose connections are handed over when a gateway is lost: their ports are the same on the way to it and behind it. */
const HANDED_OVER: readonly string[] = ["tcp", "udp"];

/**
 * On the gateway. The family is named: nft 1.0.6 does not conclude it from the map, and the other's packets would match.
 *
 * @param block of this node; where it has one, no two nodes' connections want the same port of a floating IP
 */
export function gatewayTranslation(family: Family, block: PortBlock | null): readonly RuleDeclaration[] {
  const { ip, nfproto } = WORDS[family];
  const floatingIP = `snat ${ip} to meta ${idInMark} map @${setName("floating_of_id", family)}`;
  const here = `meta nfproto ${nfproto} ${hasSnatMark}`;
  return [
    ...(block === null
      ? []
      : sourcePorts(family, `oifname ${overlay}`, `snat ${ip} to ${overlaySource(block, family)}`, block)),
    {
      text: `oifname ${overlay} meta nfproto ${nfproto} snat ${ip} to ${ip} saddr`,
      comment: `the gateway must see the pod's address: IPv${family}`,
    },
    ...(block === null
      ? []
      : sourcePorts(family, `${here} ${ip} saddr != ${OVERLAY_SOURCES[family]}`, floatingIP, block)),
    { text: `${here} ${floatingIP}`, comment: `leaves with the floating IP of its egress id: IPv${family}` },
  ];
}

function sourcePorts(family: Family, which: string, to: string, block: PortBlock): readonly RuleDeclaration[] {
  return HANDED_OVER.map((protocol) => ({
    text: `${which} meta nfproto ${WORDS[family].nfproto} meta l4proto ${protocol} ${to} : ${rangeOf(block)}`,
    comment: `from this node's ports: IPv${family} ${protocol}`,
  }));
}

function rangeOf({ firstPort, ports }: PortBlock): string {
  return `${firstPort}-${firstPort + ports - 1}`;
}

/** On the pod's node, whichever way the packet then takes: so its entry outlives a change of the way. */
export const sourceTranslation: readonly RuleDeclaration[] = [`oifname ${overlay}`, hasSnatMark].flatMap((condition) =>
  FAMILIES.map((family) => ({
    text: `${condition} meta nfproto ${WORDS[family].nfproto} goto ${setName("translate", family)}`,
    comment: `with the floating IP, ${condition === hasSnatMark ? "held here" : "through the overlay"}: IPv${family}`,
  })),
);

/** @param block `null`: nothing is translated, and the guard drops what is not */
export function translatingChain(family: Family, block: PortBlock | null): ChainDeclaration {
  return { name: setName("translate", family), rules: block === null ? [] : translatingRules(family, block) };
}

function translatingRules(family: Family, block: PortBlock): readonly RuleDeclaration[] {
  const { ip, icmp } = WORDS[family];
  const to = `snat ${ip} to meta ${idInMark} map @${setName("floating_of_id", family)} : ${rangeOf(block)}`;
  return [
    { text: "meta l4proto != @numbered counter name portless drop", comment: "no answer would find its way: held" },
    { text: `${icmp} type != echo-request counter name portless drop`, comment: "nor to other queries: held" },
    ...PORT_PROTOCOLS.map((protocol) => ({ text: `meta l4proto ${protocol} ${to}`, comment: protocol })),
    { text: `${icmp} type echo-request ${to}`, comment: "echo" },
  ];
}
