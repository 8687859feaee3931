/**
 * Addresses that this node could hold, but not safely: they belong to the subnet of another device than the underlay, and
 * the gate stands on the underlay alone.
 */
import type { LeaseOrder } from "../../policies/nodestate.ts";
import type { Link } from "../kernel/ip.ts";
import { deviceOf } from "../underlay.ts";
import { candidaciesOf } from "./effective.ts";

/** Why each is not taken, in words, by address. */
export function ungatedAddresses(
  order: LeaseOrder,
  node: string,
  links: readonly Link[],
  underlay: Link,
): ReadonlyMap<string, string> {
  const words = new Map<string, string>();
  for (const { ip } of candidaciesOf(order, node)) {
    const { name } = deviceOf(ip, links, underlay);
    if (name === underlay.name) continue;
    words.set(
      ip,
      `did not take ${ip}: it is in the subnet of ${name}, and only ${underlay.name}, which carries the node's address, is gated`,
    );
  }
  return words;
}
