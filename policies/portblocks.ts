/**
 * Port blocks: each node has source ports of its own, so that connections of different nodes under one floating IP never
 * have the same. A node keeps its block for life, and for a while after it.
 */
import type { GivenBlock } from "./model.ts";
import type { PortBlock } from "./nodestate.ts";

/** Below are the system ports (RFC 6335 section 6), which some servers trust. */
const FIRST_PORT = 1024;
const PORTS_END = 65_536;
/** Of one block. Fewer would not do for one busy destination, and more would leave too few blocks. */
const PORTS_MIN = 256;
const PORTS_MAX = 1024;

/** How many blocks there can be. */
export const BLOCKS_MAX: number = (PORTS_END - FIRST_PORT) / PORTS_MIN;

/**
 * Ports of a newcomer's block, by the number of nodes with it: the most of which as many nodes again could have blocks.
 * 1,024 up to 31 nodes, 512 up to 63, else 256.
 */
export function portsForNewcomer(nodes: number): number {
  let ports = PORTS_MAX;
  while (ports > PORTS_MIN && 2 * nodes * ports > PORTS_END - FIRST_PORT) ports /= 2;
  return ports;
}

/**
 * Gives a block to each node that has none. Ports that nobody had yet come first, if need be in smaller blocks; then those
 * that may be reused, the ones that are free for the longest first. A node for which there are none gets none.
 *
 * @param nodes of the cluster, sorted by name
 * @returns the same object when nothing changes
 */
export function giveBlocks(given: readonly GivenBlock[], nodes: readonly string[]): readonly GivenBlock[] {
  const owners = new Map(given.map((block) => [block.node, block]));
  const returned = nodes.flatMap((node) => (owners.get(node)?.retired ? (owners.get(node) as GivenBlock) : []));
  const newcomers = nodes.filter((node) => !owners.has(node));
  if (returned.length + newcomers.length === 0) return given;
  const blocks = new Blocks(given);
  for (const { retired: _, ...block } of returned) blocks.take({ ...block, retired: null });
  const ports = portsForNewcomer(nodes.length);
  const toNewcomers = newcomers.findIndex((node) => !blocks.give(node, ports));
  return returned.length === 0 && toNewcomers === 0 ? given : blocks.sorted();
}

class Blocks {
  readonly #byFirstPort = new Map<number, GivenBlock>();
  /** By the first port of each smallest block. */
  readonly #taken = new Set<number>();

  constructor(given: readonly GivenBlock[]) {
    for (const block of given) this.take(block);
  }

  take(block: GivenBlock): void {
    this.#byFirstPort.set(block.firstPort, block);
    for (const port of smallestBlocks(block)) this.#taken.add(port);
  }

  /** @returns false when there is none */
  give(node: string, ports: number): boolean {
    const block = this.#unused(ports) ?? this.#reused(ports);
    if (block !== undefined) this.take({ node, ...block, retired: null });
    return block !== undefined;
  }

  sorted(): GivenBlock[] {
    return [...this.#byFirstPort.values()].sort((a, b) => a.firstPort - b.firstPort);
  }

  #unused(wanted: number): PortBlock | undefined {
    for (let ports = wanted; ports >= PORTS_MIN; ports /= 2) {
      for (let firstPort = FIRST_PORT; firstPort < PORTS_END; firstPort += ports) {
        const block = { firstPort, ports };
        if (smallestBlocks(block).every((port) => !this.#taken.has(port))) return block;
      }
    }
    return undefined;
  }

  /** What is left of a larger block counts as unused: its quarantine is over as well. */
  #reused(wanted: number): PortBlock | undefined {
    const [longest] = [...this.#byFirstPort.values()]
      .flatMap(({ firstPort, ports, retired }) => (retired?.mayBeReused ? [{ firstPort, ports, ...retired }] : []))
      .sort((a, b) => a.atMs - b.atMs || a.firstPort - b.firstPort);
    if (longest === undefined) return undefined;
    this.#byFirstPort.delete(longest.firstPort);
    for (const port of smallestBlocks(longest)) this.#taken.delete(port);
    return { firstPort: longest.firstPort, ports: Math.min(longest.ports, wanted) };
  }
}

/** First ports of the smallest blocks that lie in this one. */
function smallestBlocks({ firstPort, ports }: PortBlock): number[] {
  return Array.from({ length: ports / PORTS_MIN }, (_, i) => firstPort + i * PORTS_MIN);
}
