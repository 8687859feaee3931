/** Chooses the gateway of each packet in the overlay, of both families. Needs the overlay device: the hook is part of it. */
import { GATEWAY_TABLE, NEXT_HOP_MAC, OVERLAY_DEVICE } from "../constants.ts";
import type { TableDeclaration } from "../kernel/nft/declaration.ts";
import { idInMark } from "./words.ts";

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
          { text: `ether daddr set meta ${idInMark} map @gateways`, comment: "to the gateway of the egress id" },
          { text: `ether daddr ${NEXT_HOP_MAC} counter drop`, comment: "no gateway for this egress id: held" },
        ],
      },
    ],
  };
}
