/** Which of the two gateway modes a cluster is in. */
import type { ClusterSettings } from "./intent.ts";
import type { Previous } from "./model.ts";
import type { GatewayMode } from "./nodestate.ts";
import { BLOCKS_MAX } from "./portblocks.ts";

/** Of a new cluster that is small enough for stateless gateways. */
export const DEFAULT_GATEWAY_MODE: GatewayMode = "stateful";

/**
 * What the manifests say, else what the cluster is in: a change cuts open connections. Null while it has no nodes, since
 * the default depends on their number.
 */
export function gatewayModeOf(
  { gatewayMode }: ClusterSettings,
  { gatewayMode: before }: Previous,
  nodes: number,
): GatewayMode | null {
  if (gatewayMode !== null) return gatewayMode.value;
  if (before !== null || nodes === 0) return before;
  return nodes <= BLOCKS_MAX ? DEFAULT_GATEWAY_MODE : "stateful";
}
