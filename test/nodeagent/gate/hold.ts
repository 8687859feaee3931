/**
 * An agent that does as it is told, one JSON line at a time, so that a test can stop it anywhere. It answers each line
 * with one of its own.
 *
 *     node hold.ts KEY [UID]
 */
import { createInterface } from "node:readline";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";

export type Order =
  | { readonly do: "guard"; readonly scope: GateScope }
  | { readonly do: "begin"; readonly generation: number; readonly ips: readonly string[] }
  | { readonly do: "change"; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly do: "arm" | "refresh" | "park" | "release"; readonly number: number }
  | { readonly do: "conflicts" };

const [key = "", uid] = process.argv.slice(2);
if (uid !== undefined) process.setuid?.(Number(uid));
const opened = await openLeaseGate({ nft: createNft(), key, nowMs: () => performance.now() });
if (typeof opened === "string") throw new Error(opened);
const gate = opened;

function obey(order: Order): Promise<unknown> {
  switch (order.do) {
    case "guard":
      return gate.guard(order.scope);
    case "begin":
      return gate.replaceMine(order.generation, order.ips);
    case "change":
      return gate.changeMine(order.add, order.remove);
    case "conflicts":
      return gate.conflicts();
    default:
      return gate[order.do](order.number);
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Order)));
}
gate.close();
