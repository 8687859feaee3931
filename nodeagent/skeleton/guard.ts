/** Drops what would break the promise, whatever becomes of the main table. */
import { FAMILIES } from "../addresses.ts";
import { GUARD_TABLE } from "../constants.ts";
import type { RuleDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { hasSnatMark, hasTunnelMark, overlay, setName, WORDS } from "./words.ts";

const replies: RuleDeclaration = { text: "ct direction reply return", comment: "replies keep their path" };

export function guardTable(): TableDeclaration {
  return {
    table: GUARD_TABLE,
    counters: ["not_in_tunnel", "not_snated"],
    sets: FAMILIES.map((family) => ({ name: setName("floating", family), key: `${WORDS[family].ip} saddr` })),
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
