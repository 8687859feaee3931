/** How floating addresses are told from all others on this node. */
import { familyOf } from "./addresses.ts";
import { ADDRESS_LABEL_SUFFIX, ADDRESS_METRIC, LABEL_LENGTH_MAX } from "./constants.ts";
import type { Address, AddressMark, Link } from "./kernel/ip.ts";

export const DEVICE_NAME_LENGTH_MAX = LABEL_LENGTH_MAX - ADDRESS_LABEL_SUFFIX.length;

/** What a floating address is given when it is added. The kernel accepts labels only that begin with the device's name. */
export function floatingMark(device: string, ip: string): AddressMark {
  return familyOf(ip) === 4 ? { label: `${device}${ADDRESS_LABEL_SUFFIX}` } : { metric: ADDRESS_METRIC };
}

export interface FloatingAddress extends Address {
  readonly device: string;
}

/** Those that carry our mark, wherever they are. */
export function floatingAddresses(links: readonly Link[]): readonly FloatingAddress[] {
  return links.flatMap(({ name, addresses }) =>
    addresses.filter((address) => isFloating(name, address)).map((address) => ({ device: name, ...address })),
  );
}

export function isFloating(device: string, { ip, label, metric, prefixLength }: Address): boolean {
  return familyOf(ip) === 4
    ? label === `${device}${ADDRESS_LABEL_SUFFIX}`
    : metric === ADDRESS_METRIC && prefixLength === 128;
}
