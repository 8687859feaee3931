/**
 * An agent that does as it is told, one JSON line at a time, so that a test can stop it anywhere. It answers each line
 * with one of its own.
 *
 *     node hold.ts KEY [UID]
 */
import { createInterface } from "node:readline";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import { createFrameSender } from "../../../nodeagent/gate/frame-sender.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { probeAddresses } from "../../../nodeagent/gate/probe.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";
import type { Device } from "./segment.ts";

export type Order =
  | { readonly do: "guard"; readonly scope: GateScope }
  | { readonly do: "begin"; readonly generation: number; readonly ips: readonly string[] }
  | { readonly do: "change"; readonly add: readonly string[]; readonly remove: readonly string[] }
  | { readonly do: "arm" | "refresh" | "park" | "release"; readonly number: number }
  | { readonly do: "conflicts" }
  | { readonly do: "probe"; readonly device: Device; readonly ips: readonly string[] };

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
    case "probe":
      return probe(order.device, order.ips);
    default:
      return gate[order.do](order.number);
  }
}

async function probe({ index, mac }: Device, ips: readonly string[]): Promise<unknown> {
  const sender = createFrameSender(index, (reason) => console.error(reason));
  const used = await probeAddresses(gate, sender, mac, ips);
  sender.close();
  return used;
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await obey(JSON.parse(line) as Order)));
}
gate.close();
