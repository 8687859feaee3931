/** Which of the two gateway modes a cluster is in. */
import type { ClusterSettings, IpAddress } from "./intent.ts";
import type { Previous } from "./model.ts";
import type { GatewayMode } from "./nodestate.ts";
import { BLOCKS_MAX } from "./portblocks.ts";

/**
 * Of a new cluster that is small enough for stateless gateways, and whose nodes talk to each other by IPv4: datagrams of
 * servers that do not fit the overlay are cut in pieces there, and lost where the outer packet is IPv6.
 */
export const DEFAULT_GATEWAY_MODE: GatewayMode = "stateless";

/**
 * What the manifests say, else what the cluster is in: a change cuts open connections. Null while it has no nodes, since
 * the default depends on them.
 *
 * @param underlayIPs of the nodes
 */
export function gatewayModeOf(
  { gatewayMode }: ClusterSettings,
  { gatewayMode: before }: Previous,
  underlayIPs: readonly IpAddress[],
): GatewayMode | null {
  if (gatewayMode !== null) return gatewayMode.value;
  if (before !== null || underlayIPs.length === 0) return before;
  const isSmall = underlayIPs.length <= BLOCKS_MAX;
  return isSmall && !underlayIPs.some((ip) => ip.includes(":")) ? DEFAULT_GATEWAY_MODE : "stateful";
}
