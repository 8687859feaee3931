/** What the gate's sets should hold, and what they say. */
import { FAMILIES, ofFamily } from "../addresses.ts";
import type { TableState } from "../kernel/nft/listing.ts";
import type { Elements } from "../kernel/nft/transaction.ts";
import { setName } from "../skeleton/words.ts";
import { payloadNumber, targetOf } from "./targets.ts";

export type SetElements = ReadonlyMap<string, Elements>;

/** What is guarded on this node. */
export interface GateScope {
  /** The device on whose segment the floating IPs live. */
  readonly underlay: string;
  /**
   * All floating IPs of the cluster, of both families, in canonical form, and those that this node has configured: an
   * address that is taken out is guarded no more.
   */
  readonly floatingIPs: readonly string[];
  /** Of the underlay devices of all nodes that may hold one: whoever else uses a floating IP is a conflict. */
  readonly gatewayMacs: readonly string[];
}

export function guardedElements(scope: GateScope): SetElements {
  return new Map([...floatingElements(scope), ["gateway_macs", keys(scope.gatewayMacs)]]);
}

export function floatingElements({ floatingIPs }: GateScope): SetElements {
  return addressElements("floating", floatingIPs);
}

export function mineElements(ips: readonly string[]): SetElements {
  return addressElements("mine", ips);
}

export function generationElements(generation: number): SetElements {
  return new Map([["generation", new Map([["0", String(generation)]])]]);
}

/** @param key 128 bits in hexadecimal */
export function runElements(generation: number, key: string): SetElements {
  return new Map([...generationElements(generation), ["key", keys([payloadNumber(BigInt(`0x${key}`))])]]);
}

/** What a gate is installed with: no run of an agent has begun. */
export const NO_GENERATION = 0;

/** `null`: the gate is damaged. */
export function generationOf(table: TableState): number | null {
  const value = table.sets.get("generation")?.get("0");
  return value === undefined ? null : Number(value);
}

export function mineOf(table: TableState): readonly string[] {
  return FAMILIES.flatMap((family) => [...(table.sets.get(setName("mine", family))?.keys() ?? [])]);
}

function addressElements(name: "floating" | "mine", ips: readonly string[]): Map<string, Elements> {
  return new Map([
    ...FAMILIES.map((family) => [setName(name, family), keys(ofFamily(ips, family))] as const),
    [`${name}_targets`, keys(ofFamily(ips, 6).map(targetOf))],
  ]);
}

function keys(names: readonly string[]): Elements {
  return new Map(names.map((name) => [name, ""]));
}
