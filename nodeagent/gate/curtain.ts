/**
 * While the gate is replaced, even in one transaction, packets may pass that see neither the old rules nor the new ones.
 * For that moment nothing leaves under a floating IP.
 */
import { FAMILIES } from "../addresses.ts";
import { LEASE_CURTAIN_TABLE } from "../constants.ts";
import type { TableDeclaration } from "../kernel/nft/declaration.ts";
import { setName, WORDS } from "../skeleton/words.ts";
import { floatingSets, LEAVING_PRIORITY, TARGET } from "./table.ts";

export function leaseCurtain(underlay: string): TableDeclaration {
  return {
    table: LEASE_CURTAIN_TABLE,
    counters: [],
    sets: floatingSets,
    chains: [
      {
        name: "leaving",
        hook: { type: "filter", hook: "egress", device: underlay, priority: LEAVING_PRIORITY },
        rules: [
          ...FAMILIES.map((family) => ({
            text: `${WORDS[family].ip} saddr @${setName("floating", family)} drop`,
            comment: WORDS[family].nfproto,
          })),
          { text: "arp saddr ip @floating drop", comment: "ARP" },
          { text: `icmpv6 type nd-neighbor-advert ${TARGET} @floating_targets drop`, comment: "advertised" },
        ],
      },
    ],
  };
}
