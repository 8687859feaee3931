import type { NodeState } from "../../policies/nodestate.ts";

/** The node's source ports, as `ip_local_port_range` and people write them: "1024-2047"; null: it has none. */
export function portRange({ portBlock }: NodeState): string | null {
  return portBlock && `${portBlock.firstPort}-${portBlock.firstPort + portBlock.ports - 1}`;
}
