/** Port blocks: who is given one, and what each node is told: its own, and where addresses may be held also the others'. */
import { gatewayModeOf } from "./gatewaymode.ts";
import type { ClusterSettings } from "./intent.ts";
import type { GivenBlock, Previous } from "./model.ts";
import type { GatewayMode, NodeState, PortBlock, SourceNode } from "./nodestate.ts";
import { BLOCKS_MAX, giveBlocks } from "./portblocks.ts";
import type { Sites } from "./sites.ts";

export interface NodePorts {
  /** Null while there are no nodes. */
  readonly gatewayMode: GatewayMode | null;
  readonly blocks: readonly GivenBlock[];
  blockOf(node: string): PortBlock | null;
  /** The same list for all nodes that are not in it. */
  sourceNodesFor(node: string): readonly SourceNode[];
}

const NO_SOURCES: readonly SourceNode[] = [];

/**
 * When stateful, either all nodes are told their block or none: a node without one takes ports that another believes to
 * be its own, and connections that were made again at a failover would meet.
 *
 * @param gateways nodes that may hold an address
 */
export function planPorts(
  cluster: ClusterSettings,
  sites: Sites,
  previous: Previous,
  gateways: ReadonlySet<string>,
): NodePorts {
  const connected = sites.all.flatMap(({ name, underlay }) => (underlay === null ? [] : [{ name, ip: underlay.ip }]));
  const nodes = connected.map(({ name }) => name);
  const gatewayMode = gatewayModeOf(
    cluster,
    previous,
    connected.map(({ ip }) => ip),
  );
  const mayHaveBlocks = gatewayMode === "stateless" || nodes.length <= BLOCKS_MAX;
  const blocks = mayHaveBlocks ? giveBlocks(previous.portBlocks, nodes) : previous.portBlocks;
  const sources = sourceNodes(blocks, sites);
  const told = gatewayMode === "stateless" || sources.length === nodes.length ? sources : NO_SOURCES;
  const byNode = new Map(told.map((source) => [source.node, source]));
  const others = new Map<string, readonly SourceNode[]>();
  const othersThan = (node: string): readonly SourceNode[] => {
    const known = others.get(node) ?? told.filter((source) => source.node !== node);
    others.set(node, known);
    return known;
  };
  return {
    gatewayMode,
    blocks,
    blockOf: (node) => byNode.get(node)?.block ?? null,
    sourceNodesFor: (node) => {
      if (!gateways.has(node)) return NO_SOURCES;
      return byNode.has(node) ? othersThan(node) : told;
    },
  };
}

function sourceNodes(blocks: readonly GivenBlock[], { all }: Sites): SourceNode[] {
  const owned = new Map(blocks.map(({ node, firstPort, ports }) => [node, { firstPort, ports }]));
  return all.flatMap(({ name, underlay }) => {
    const block = owned.get(name);
    if (underlay === null || block === undefined) return [];
    return [{ node: name, underlayIP: underlay.ip, mac: underlay.mac, block }];
  });
}

/** Where gateways are stateless the pod's own node translates, if it has ports to do so. */
export function translates(state: NodeState | undefined): boolean {
  return state?.gatewayMode !== "stateless" || state.portBlock !== null;
}
