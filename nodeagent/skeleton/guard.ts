/** Drops what would break the promise, whatever becomes of the main table. */
import type { GatewayMode } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import { GUARD_TABLE } from "../constants.ts";
import type { RuleDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { hasSnatMark, hasTunnelMark, overlay, setName, WORDS } from "./words.ts";

const replies: RuleDeclaration = { text: "ct direction reply return", comment: "replies keep their path" };

export function guardTable(mode: GatewayMode): TableDeclaration {
  const stateless = mode === "stateless";
  return {
    table: GUARD_TABLE,
    counters: ["not_in_tunnel", "not_snated", ...(stateless ? ["not_held"] : [])],
    sets: ["floating", ...(stateless ? ["translated"] : [])].flatMap((name) =>
      FAMILIES.map((family) => ({ name: setName(name, family), key: `${WORDS[family].ip} saddr` })),
    ),
    chains: [
      {
        // Not in postrouting: there the outer packets pass, which keep the mark.
        name: "forward",
        hook: { type: "filter", hook: "forward", priority: 310 },
        rules: [
          replies,
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
          ...(stateless ? FAMILIES.flatMap(translatedRules) : []),
          replies,
          ...FAMILIES.map((family) => {
            const { ip, nfproto } = WORDS[family];
            const floating = `@${setName("floating", family)}`;
            return {
              text: `meta nfproto ${nfproto} ${hasSnatMark} ct original ${ip} saddr != ${floating} ct reply ${ip} daddr != ${floating} counter name not_snated drop`,
              comment: `marked for SNAT, but about to leave without: IPv${family}`,
            };
          }),
        ],
      },
    ],
  };
}

/**
 * Of the packet as it is, so also of those that belong to no connection, or go against its direction: an ICMP error of
 * this node itself about an answer would leave under the floating IP.
 */
function translatedRules(family: Family): readonly RuleDeclaration[] {
  const { ip, nfproto } = WORDS[family];
  const [translated, floating] = ["translated", "floating"].map((name) => `@${setName(name, family)}`);
  return [
    {
      text: `oifname ${overlay} meta nfproto ${nfproto} ${hasTunnelMark} ${ip} saddr != ${translated} counter name not_snated drop`,
      comment: `in the tunnel, but not translated: IPv${family}`,
    },
    {
      text: `oifname != ${overlay} ${ip} saddr ${translated} ${ip} saddr != ${floating} counter name not_held drop`,
      comment: `translated, but about to leave beside the tunnel from a node that does not hold the address: IPv${family}`,
    },
  ];
}
