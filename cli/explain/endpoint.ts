import { parseAddress } from "../../policies/addresses.ts";

export interface Endpoint {
  readonly address: string;
  readonly port: number | null;
}

/** `IP`, `IP:PORT`, or with brackets for IPv6 as in a URL (RFC 3986): `[2001:db8::1]:443`. Else undefined. */
export function parseEndpoint(text: string): Endpoint | undefined {
  if (parseAddress(text) !== undefined) return { address: text, port: null };
  const [, ipv6, ipv4, digits] = /^(?:\[([^\]]+)\]|([^:[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const address = ipv6 ?? ipv4 ?? "";
  const family = parseAddress(address)?.family;
  const port = digits === undefined ? null : Number(digits);
  if (family !== (ipv6 === undefined ? 4 : 6) || port === 0 || (port ?? 0) > 65_535) return undefined;
  return { address, port };
}
