/**
 * The addresses of the test network, the same for both families. A pod is known by its worker and its number; its IPv6
 * address is the twin of the IPv4 one.
 *
 *     nodes .1 .2 · outside's leg .254 · floating IPs .100 (egress id 1) .101 (id 2)
 */
import { type Family, familyOf } from "../../nodeagent/addresses.ts";

interface AddressPlan {
  readonly inNodeSubnet: (number: number) => string;
  readonly nodePrefixLength: number;
  readonly pod: (worker: number, number: number) => string;
  readonly podCIDR: string;
  readonly podCIDROf: (worker: number) => string;
  readonly serviceCIDR: string;
  readonly nodeCIDR: string;
  readonly outside: string;
  readonly witness: string;
}

export const PLAN: Readonly<Record<Family, AddressPlan>> = {
  4: {
    inNodeSubnet: (number) => `192.168.1.${number}`,
    nodePrefixLength: 24,
    pod: (worker, number) => `10.10.${worker}.${number}`,
    podCIDR: "10.10.0.0/16",
    podCIDROf: (worker) => `10.10.${worker}.0/24`,
    serviceCIDR: "10.96.0.0/12",
    nodeCIDR: "192.168.1.0/24",
    outside: "198.51.100.0/24",
    witness: "198.51.100.10",
  },
  6: {
    inNodeSubnet: (number) => `fd00:1::${number}`,
    nodePrefixLength: 64,
    pod: (worker, number) => `fd00:10:${worker}::${number}`,
    podCIDR: "fd00:10::/32",
    podCIDROf: (worker) => `fd00:10:${worker}::/64`,
    serviceCIDR: "fd00:96::/112",
    nodeCIDR: "fd00:1::/64",
    outside: "2001:db8:100::/64",
    witness: "2001:db8:100::10",
  },
};

export function podOf(ip: string): { readonly worker: number; readonly number: number } {
  const [worker, number] = ip.split(/[.:]+/).slice(2).map(Number);
  return { worker: worker ?? 0, number: number ?? 0 };
}

export function podMac(ip: string): string {
  const { worker, number } = podOf(ip);
  return ["02", "aa", "0a", "0a", ...[worker, number].map((part) => part.toString(16).padStart(2, "0"))].join(":");
}

/** Where the pod is, whichever of its addresses is given. */
export function podHost(ip: string): string {
  const { worker, number } = podOf(ip);
  return `pod-${worker}-${number}`;
}

export function witnessFor(ip: string): string {
  return PLAN[familyOf(ip)].witness;
}
