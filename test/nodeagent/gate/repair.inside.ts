/** What somebody else does to the gate, what the next pass says about it, and what then stands. */
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";
import { sh } from "../network.ts";
import { freshKey } from "./keys.ts";

const IP = "192.168.1.100";
const OTHER = "192.168.1.101";
const scope = { underlay: "eth0", floatingIPs: [IP, OTHER, "fd00:1::100"], gatewayMacs: ["02:00:00:00:00:0a"] };

await sh(null, "ip link add eth0 type veth peer name eth1");
const key = freshKey();
const opened = await openLeaseGate({ nft: createNft(), key, nowMs: () => performance.now() });
if (typeof opened === "string") throw new Error(opened);
const gate = opened;
await gate.guard(scope);
await gate.replaceMine(1, [IP]);
const intact = await whatStands();

/** All but handles, counters and what ends by itself. */
async function whatStands(): Promise<string> {
  return (await sh(null, "nft list table netdev sallyport_lease")).replaceAll(/packets \d+ bytes \d+/g, "");
}

const steps: Record<string, unknown> = {};
for (const tampering of [
  `flush set netdev sallyport_lease mine`,
  `add element netdev sallyport_lease mine { ${OTHER} }`,
  `delete element netdev sallyport_lease floating { ${OTHER} }`,
  `add element netdev sallyport_lease gateway_macs { 02:00:00:00:00:99 }`,
  `flush set netdev sallyport_lease key`,
  `flush map netdev sallyport_lease generation`,
  `add rule netdev sallyport_lease leaving accept`,
  `flush chain netdev sallyport_lease out_arp`,
  `flush ruleset`,
]) {
  await sh(null, `nft '${tampering}'`);
  const says = await gate.guard(scope);
  steps[tampering] = { says, repaired: (await whatStands()) === intact, again: await gate.guard(scope) };
}
const works = [await gate.arm(1), await gate.refresh(1), await gate.changeMine([OTHER], [])];
const secret = JSON.stringify(steps).includes(key.replace(/^0+/, ""));
console.log(JSON.stringify({ steps, works, secret }));
process.exit(0);
