/** Which device is which: the underlay, those that carry floating IPs, and those that pods do not send through. */
import { isInPrefix } from "./addresses.ts";
import { OVERLAY_DEVICE } from "./constants.ts";
import { DEVICE_NAME_LENGTH_MAX, isFloating } from "./floating.ts";
import type { Link } from "./kernel/ip.ts";

/** A lack that makes rendering impossible, as one line. */
export class UnderlayError extends Error {}

/** @throws UnderlayError when there is no such interface, or its name leaves no room for the label */
export function findUnderlay(links: readonly Link[], underlayIP: string, interfaceName: string | null): Link {
  const underlay = links.find(({ name, addresses }) =>
    interfaceName === null ? addresses.some(({ ip }) => ip === underlayIP) : name === interfaceName,
  );
  if (underlay !== undefined) return withRoomForLabel(underlay);
  throw new UnderlayError(
    interfaceName === null
      ? `no interface carries this node's address ${underlayIP}: name the interface with --interface`
      : `interface ${interfaceName} does not exist`,
  );
}

/** `null`: there is none. */
export function underlayMacOf(links: readonly Link[], underlayIP: string, interfaceName: string | null): string | null {
  try {
    return findUnderlay(links, underlayIP, interfaceName).mac;
  } catch (error) {
    if (error instanceof UnderlayError) return null;
    throw error;
  }
}

/**
 * The device that is in the floating IP's subnet: the underlay if it is, else another that is, else the underlay.
 *
 * @throws UnderlayError when its name leaves no room for the label
 */
export function deviceOf(ip: string, links: readonly Link[], underlay: Link): Link {
  const others = links.filter(({ name }) => name !== "lo" && name !== OVERLAY_DEVICE);
  return withRoomForLabel([underlay, ...others].find((link) => isOnLink(ip, link)) ?? underlay);
}

function isOnLink(ip: string, { name, addresses }: Link): boolean {
  const ofOthers = addresses.filter((address) => !isFloating(name, address));
  return ofOthers.some((address) => isInPrefix(ip, address.ip, address.prefixLength));
}

function withRoomForLabel(link: Link): Link {
  if (link.name.length <= DEVICE_NAME_LENGTH_MAX) return link;
  throw new UnderlayError(
    `interface name ${link.name} is longer than ${DEVICE_NAME_LENGTH_MAX} characters: no room for a label`,
  );
}

/**
 * Devices that pods do not send through: the underlay, physical devices and those of tunnels, with which CNI plugins join
 * the nodes. A device that is missing here is harmless: unknown pods of other nodes are then held, not let through.
 */
export function uplinkNames(links: readonly Link[], underlay: string): readonly string[] {
  const uplinks = links.filter(({ name, kind }) => name === underlay || kind === null || UPLINK_KINDS.has(kind));
  return uplinks.map(({ name }) => name).filter((name) => name !== OVERLAY_DEVICE);
}

const UPLINK_KINDS = new Set(
  "bond gre gretap ip6gre ip6gretap ip6tnl ipip geneve sit team vlan vxlan wireguard xfrm".split(" "),
);
