/** Chooses the gateway of each packet in the overlay, of both families. Needs the overlay device: the hook is part of it. */
import type { GatewayMode } from "../../policies/nodestate.ts";
import { FAMILIES, type Family } from "../addresses.ts";
import { GATEWAY_TABLE, NEXT_HOP_MAC, OVERLAY_DEVICE } from "../constants.ts";
import type { RuleDeclaration, SetDeclaration, TableDeclaration } from "../kernel/nft/declaration.ts";
import { addressOwnErrors, returningChains, returningSets } from "./returning.ts";
import { idInMark, setName, WORDS } from "./words.ts";

function sourcesOf(family: Family): SetDeclaration {
  return { name: setName("sources", family), key: `${WORDS[family].ip} daddr`, value: "ether daddr" };
}

function toSource(family: Family): RuleDeclaration {
  return {
    text: `ether daddr set ${WORDS[family].ip} daddr map @${setName("sources", family)} accept`,
    comment: `an answer, to the pod's node: IPv${family}`,
  };
}

export interface GatewaySettings {
  readonly mode: GatewayMode;
  /** Devices that floating IPs are on. */
  readonly devices: readonly string[];
}

export function gatewayTable({ mode, devices }: GatewaySettings): TableDeclaration {
  const stateless = mode === "stateless";
  return {
    table: GATEWAY_TABLE,
    counters: stateless ? ["lost_fragments"] : [],
    sets: [
      { name: "gateways", key: "meta mark", value: "ether daddr" },
      ...(stateless ? returningSets : FAMILIES.map(sourcesOf)),
    ],
    chains: [
      ...(stateless ? returningChains(devices) : []),
      {
        name: "egress",
        hook: { type: "filter", hook: "egress", priority: 0, device: OVERLAY_DEVICE },
        rules: [
          ...(stateless ? addressOwnErrors : FAMILIES.map(toSource)),
          { text: `ether daddr set meta ${idInMark} map @gateways`, comment: "to the gateway of the egress id" },
          { text: `ether daddr ${NEXT_HOP_MAC} counter drop`, comment: "no gateway for this egress id: held" },
        ],
      },
    ],
  };
}
