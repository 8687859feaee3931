/** What the gateway table should hold: where packets with an egress id go, and when stateless whose ports are whose. */
import type { NodeState, PortBlock } from "../policies/nodestate.ts";
import { FAMILIES, type Family } from "./addresses.ts";
import type { Elements } from "./kernel/nft/transaction.ts";
import { overlaySource } from "./overlay-source.ts";
import type { DesiredTable } from "./render.ts";
import { floatingElements } from "./render-main.ts";
import { gatewayTable } from "./skeleton/gateway.ts";
import { PORT_GROUP_SIZE, setName } from "./skeleton/words.ts";

/** @param devices of the underlay and of floating IPs, once or more often */
export function renderGateway(state: NodeState, devices: readonly string[]): DesiredTable {
  const gateways = ["gateways", new Map(state.gateways.map(({ id, mac }) => [String(id), mac]))] as const;
  return {
    skeleton: gatewayTable({ mode: state.gatewayMode, devices: [...new Set(devices)] }),
    chains: new Map(),
    sets: new Map<string, Elements>([
      gateways,
      ...(state.gatewayMode === "stateless"
        ? returningSets(state)
        : FAMILIES.map((family) => sourcesOf(state, family))),
    ]),
  };
}

function sourcesOf({ sourceNodes }: NodeState, family: Family): readonly [string, Elements] {
  return [
    setName("sources", family),
    new Map(sourceNodes.map(({ block, mac }) => [overlaySource(block, family), mac])),
  ];
}

function returningSets(state: NodeState): readonly (readonly [string, Elements])[] {
  const nodes = new Map(state.sourceNodes.flatMap(({ mac, block }) => portGroups(block).map((port) => [port, mac])));
  return [
    ["node_of_port", nodes],
    ["node_of_number", nodes],
    ...FAMILIES.map((family) => [setName("floating", family), floatingElements(state, family)] as const),
  ];
}

function portGroups({ firstPort, ports }: PortBlock): readonly string[] {
  return Array.from({ length: ports / PORT_GROUP_SIZE }, (_, group) => String(firstPort + group * PORT_GROUP_SIZE));
}
