/** Under which address the pods of a node are known to stateful gateways: one of its own in each family. */
import type { PortBlock } from "../policies/nodestate.ts";
import { type Family, familyOf, isInPrefix, splitPrefix } from "./addresses.ts";

/** Port blocks begin at multiples of it (policies/nodestate.ts), and never below 1024: so the numbers are 4 to 255. */
const PORTS_LEAST = 256;

/** Link-local (RFC 3927), and a unique local prefix (RFC 4193) of our own; inside the overlay only. */
export const OVERLAY_SOURCES: Readonly<Record<Family, string>> = { 4: "169.254.77.0/24", 6: "fd53:616c:6c79::/120" };

export function isOverlaySource(ip: string): boolean {
  const { address, length } = splitPrefix(OVERLAY_SOURCES[familyOf(ip)]);
  return isInPrefix(ip, address, length);
}

export function overlaySource({ firstPort }: PortBlock, family: Family): string {
  const number = firstPort / PORTS_LEAST;
  return family === 4 ? `169.254.77.${number}` : `fd53:616c:6c79::${number.toString(16)}`;
}
