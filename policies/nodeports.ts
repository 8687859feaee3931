/** What each node is told about port blocks: its own, and where addresses may be held also the others'. */
import type { GivenBlock } from "./model.ts";
import type { GatewayMode, PortBlock, SourceNode } from "./nodestate.ts";
import type { Sites } from "./sites.ts";

export interface NodePorts {
  blockOf(node: string): PortBlock | null;
  /** The same list for all nodes that are not in it. */
  sourceNodesFor(node: string): readonly SourceNode[];
}

export interface NodePortsInput {
  readonly mode: GatewayMode | null;
  readonly blocks: readonly GivenBlock[];
  readonly sites: Sites;
  /** Nodes that may hold an address. */
  readonly gateways: ReadonlySet<string>;
}

const NO_SOURCES: readonly SourceNode[] = [];

/**
 * When stateful, either all nodes are told their block or none: a node without one takes ports that another believes to
 * be its own, and connections that were made again at a failover would meet.
 */
export function nodePorts({ mode, blocks, sites, gateways }: NodePortsInput): NodePorts {
  const owned = new Map(blocks.map(({ node, firstPort, ports }) => [node, { firstPort, ports }]));
  const sources = sites.all.flatMap(({ name, underlay }): SourceNode[] => {
    const block = owned.get(name);
    return underlay === null || block === undefined
      ? []
      : [{ node: name, underlayIP: underlay.ip, mac: underlay.mac, block }];
  });
  const isWhole = sources.length === sites.all.filter(({ underlay }) => underlay !== null).length;
  const told = mode === "stateless" || isWhole ? sources : NO_SOURCES;
  const byNode = new Map(told.map((source) => [source.node, source]));
  const others = new Map<string, readonly SourceNode[]>();
  const othersThan = (node: string): readonly SourceNode[] => {
    const known = others.get(node) ?? told.filter((source) => source.node !== node);
    others.set(node, known);
    return known;
  };
  return {
    blockOf: (node) => byNode.get(node)?.block ?? null,
    sourceNodesFor: (node) => {
      if (!gateways.has(node)) return NO_SOURCES;
      return byNode.has(node) ? othersThan(node) : told;
    },
  };
}
