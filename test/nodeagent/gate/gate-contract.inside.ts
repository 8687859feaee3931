import { setTimeout as delay } from "node:timers/promises";
import type { LeaseGate } from "../../../nodeagent/gate/gate.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";
import { sh } from "../network.ts";
import { contract, UNDERLAY } from "./gate-contract.ts";
import { freshKey } from "./keys.ts";

await sh(null, `ip link add ${UNDERLAY} type veth peer name eth1`);
const outcome: Record<string, string> = {};
for (const { name, run } of contract) {
  let door: LeaseGate | undefined;
  const node = {
    async open() {
      door?.close();
      const opened = await openLeaseGate({ nft: createNft(), key: freshKey(), nowMs: () => performance.now() });
      if (typeof opened === "string") throw new Error(opened);
      door = opened;
      return opened;
    },
    pass: (ms: number) => delay(ms),
    async flushRuleset() {
      await sh(null, "nft flush ruleset");
    },
  };
  outcome[name] = await run(node).then(
    async () => ((await sh(null, "nft list tables")).includes("curtain") ? "a curtain was left standing" : "holds"),
    (error: Error) => error.message,
  );
  door?.close();
  await node.flushRuleset();
}
console.log(JSON.stringify(outcome));
