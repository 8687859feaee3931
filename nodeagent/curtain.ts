/**
 * The curtain: while the main table is replaced, even in one transaction, packets pass that see neither the old rules
 * nor the new ones. For that moment the guard table drops whatever pods send to a policy's destination.
 */
import { matchPrefix } from "./chains.ts";
import { GUARD_TABLE, OVERLAY_DEVICE } from "./constants.ts";
import type { ChainRule, Transaction } from "./kernel/nft/transaction.ts";

const BASE_CHAIN = "curtain";
const DESTINATIONS_CHAIN = "curtain_destinations";

/** In the order in which they can be deleted. */
export const CURTAIN_CHAINS: readonly string[] = [BASE_CHAIN, DESTINATIONS_CHAIN];

/** Raising it twice does no harm. */
export function raiseCurtain(podCIDRs: readonly string[], destinations: readonly string[]): Transaction {
  return [
    { do: "put-chain", table: GUARD_TABLE, chain: DESTINATIONS_CHAIN, rules: destinations.map(dropDestination) },
    {
      do: "put-chain",
      table: GUARD_TABLE,
      chain: BASE_CHAIN,
      hook: { type: "filter", hook: "forward", priority: 305 },
      rules: [
        {
          comment: "replies keep their path",
          statements: [{ match: { op: "==", left: { ct: { key: "direction" } }, right: "reply" } }, { return: null }],
        },
        {
          comment: "what comes through the tunnel was judged by its own node",
          statements: [
            { match: { op: "==", left: { meta: { key: "iifname" } }, right: OVERLAY_DEVICE } },
            { return: null },
          ],
        },
        ...podCIDRs.map(judgeSource),
      ],
    },
  ];
}

/** @param standing those of its chains that exist, in the order of `CURTAIN_CHAINS` */
export function lowerCurtain(standing: readonly string[]): Transaction {
  return standing.map((chain) => ({ do: "delete-chain", table: GUARD_TABLE, chain }));
}

function dropDestination(cidr: string): ChainRule {
  return { comment: `to ${cidr}`, statements: [...matchPrefix("daddr", cidr), { drop: null }] };
}

function judgeSource(cidr: string): ChainRule {
  return {
    comment: `from pods in ${cidr}`,
    statements: [...matchPrefix("saddr", cidr), { goto: { target: DESTINATIONS_CHAIN } }],
  };
}
