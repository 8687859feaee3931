/** Under which address the pods of a node are known to stateful gateways: one of its own in each family. */
import type { PortBlock } from "../policies/nodestate.ts";
import { type Family, familyOf, isInPrefix, splitPrefix } from "./addresses.ts";
import { PORT_GROUP_SIZE } from "./skeleton/words.ts";

/** Link-local (RFC 3927), and a unique local prefix (RFC 4193) of our own; inside the overlay only. */
export const OVERLAY_SOURCES: Readonly<Record<Family, string>> = { 4: "169.254.77.0/24", 6: "fd53:616c:6c79::/120" };

export function isOverlaySource(ip: string): boolean {
  const { address, length } = splitPrefix(OVERLAY_SOURCES[familyOf(ip)]);
  return isInPrefix(ip, address, length);
}

/** By its block's first group of ports, which is none of the first four: so the numbers are 4 to 255. */
export function overlaySource({ firstPort }: PortBlock, family: Family): string {
  const number = firstPort / PORT_GROUP_SIZE;
  return family === 4 ? `169.254.77.${number}` : `fd53:616c:6c79::${number.toString(16)}`;
}
