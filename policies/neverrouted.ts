import { contains, type Prefix, parseCidr } from "./addresses.ts";

export interface NeverRouted {
  readonly prefix: Prefix;
  /** Continues the sentence "ADDRESS …". */
  readonly what: string;
}

/**
 * Link-local and multicast destinations: RFC 3927, RFC 5771, RFC 4291 sections 2.5.6 and 2.7. A gateway cannot carry them,
 * so no policy decides about them. Agents know the same ones and let them pass whatever their state says.
 */
export const NEVER_ROUTED: readonly NeverRouted[] = (
  [
    ["169.254.0.0/16", "is link-local"],
    ["224.0.0.0/4", "is multicast"],
    ["fe80::/10", "is link-local"],
    ["ff00::/8", "is multicast"],
  ] as const
).map(([cidr, what]) => ({ prefix: parseCidr(cidr) as Prefix, what }));

/** The one that contains all of this prefix. */
export function neverRouted({ network, length }: Prefix): NeverRouted | undefined {
  return NEVER_ROUTED.find(({ prefix }) => prefix.length <= length && contains(prefix, network));
}
