/** Port blocks of nodes that have left the cluster, and the time: the only part of planning that needs a clock. */
import type { GivenBlock, Previous } from "./model.ts";

/**
 * What is still known of a node's connections must be forgotten before another node has its ports: servers keep closed
 * connections for 4 minutes (RFC 9293 section 3.4.2: twice the MSL), other NATs datagrams for 5 (RFC 4787 REQ-5). Twice the
 * longer one.
 */
export const QUARANTINE_MS = 600_000;

/**
 * Notes which nodes have left, and, only when somebody waits for a block, whose quarantine is over.
 *
 * @param nodes of the cluster
 * @returns the same object when nothing changes
 */
export function ageBlocks(previous: Previous, nodes: ReadonlySet<string>, nowMs: number): Previous {
  const isWanted = lacksBlock(previous, nodes);
  const portBlocks = previous.portBlocks.map((block) => (nodes.has(block.node) ? block : age(block, nowMs, isWanted)));
  return portBlocks.every((block, i) => block === previous.portBlocks[i]) ? previous : { ...previous, portBlocks };
}

/** When the next quarantine ends that a node waits for; undefined when none does. */
export function nextReuseMs(previous: Previous, nodes: ReadonlySet<string>): number | undefined {
  if (!lacksBlock(previous, nodes)) return undefined;
  const ends = previous.portBlocks.flatMap(({ retired }) =>
    retired === null || retired.mayBeReused ? [] : [retired.atMs + QUARANTINE_MS],
  );
  return ends.length === 0 ? undefined : Math.min(...ends);
}

/** A clock that was set back begins the quarantine again. */
function age(block: GivenBlock, nowMs: number, isWanted: boolean): GivenBlock {
  const { retired } = block;
  if (retired?.mayBeReused) return block;
  if (retired === null || retired.atMs > nowMs) return { ...block, retired: { atMs: nowMs, mayBeReused: false } };
  const isOver = isWanted && nowMs - retired.atMs >= QUARANTINE_MS;
  return isOver ? { ...block, retired: { ...retired, mayBeReused: true } } : block;
}

function lacksBlock({ portBlocks }: Previous, nodes: ReadonlySet<string>): boolean {
  if (portBlocks.length === 0) return false;
  const owners = new Set(portBlocks.map(({ node }) => node));
  for (const node of nodes) if (!owners.has(node)) return true;
  return false;
}
