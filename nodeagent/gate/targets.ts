/** IPv6 addresses as nft 1.0.6 lists them when it only knows that they are 128 bits of payload. */
import { canonicalIPv6, parseAddress } from "../addresses.ts";

export function targetOf(ip: string): string {
  return payloadNumber(parseAddress(ip));
}

export function addressOfTarget(target: string): string {
  const digits = target.slice("0x".length).padStart(32, "0");
  return canonicalIPv6(digits.replace(/(.{4})(?!$)/g, "$1:"));
}

/** Hexadecimal without leading zeros. */
export function payloadNumber(number: bigint): string {
  return `0x${number.toString(16)}`;
}
