/** Kernel settings: those of the overlay device, which are ours to write, and those of the whole node, which are not. */
import type { GatewayMode } from "../policies/nodestate.ts";
import type { Family } from "./addresses.ts";
import { OVERLAY_DEVICE } from "./constants.ts";

export interface Setting {
  readonly family: Family;
  /** Below /proc/sys/net. */
  readonly path: string;
  readonly value: number;
}

export function overlaySettings(mode: GatewayMode): readonly Setting[] {
  return [
    // Loose (Documentation/networking/ip-sysctl): the way back to a pod does not lead through the overlay device.
    { family: 4, path: `ipv4/conf/${OVERLAY_DEVICE}/rp_filter`, value: 2 },
    // What a stateless gateway passes on comes from its own floating IP. IPv6 has no such filter.
    { family: 4, path: `ipv4/conf/${OVERLAY_DEVICE}/accept_local`, value: mode === "stateless" ? 1 : 0 },
    // Where IPv6 is off by default, the device would not take the route.
    { family: 6, path: `ipv6/conf/${OVERLAY_DEVICE}/disable_ipv6`, value: 0 },
  ];
}

export const FORWARDING_SYSCTL: Readonly<Record<Family, string>> = {
  4: "ipv4/ip_forward",
  6: "ipv6/conf/all/forwarding",
};

/** Never done by the agent: a node that forwards IPv6 ignores router advertisements, and may lose its default route. */
export const FORWARDING_CURE: Readonly<Record<Family, string>> = {
  4: "this node does not forward IPv4: set the sysctl net.ipv4.ip_forward to 1",
  6: "this node does not forward IPv6: set the sysctl net.ipv6.conf.all.forwarding to 1, and before that accept_ra to 2 on every interface that learns its routes from router advertisements",
};
