/**
 * A node's datapath without its agent, in the network namespace of this process: everything that one pass puts into the
 * kernel, the shield and the lease gate. It does as it is told, one word a line, and answers each with a line.
 *
 *     node node.ts ROLE PODS MODE      then: shield-on shield-off gate-on gate-off park
 */
import { randomBytes } from "node:crypto";
import { createInterface } from "node:readline";
import { LEASE_TABLE } from "../../../nodeagent/constants.ts";
import { converge } from "../../../nodeagent/converge.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { openKernel } from "../../../nodeagent/kernel/kernel.ts";
import { run } from "../../../nodeagent/kernel/run.ts";
import { createLog } from "../../../nodeagent/log.ts";
import { openShield } from "../../../nodeagent/shield/shield.ts";
import { shieldedBy } from "../../../nodeagent/shield/shielded.ts";
import type { GatewayMode } from "../../../policies/nodestate.ts";
import { attachmentsOf, floatingIPsOf, type Role, stateOf, worldOf } from "./world.ts";

const [role = "source", pods = "10", mode = "stateful"] = process.argv.slice(2);
const world = worldOf(Number(pods));
const state = stateOf(role as Role, world, mode as GatewayMode);
/** Nobody listens to announcements here, and a thousand of them would take a thousand programs. */
const kernel = { ...openKernel(), announcer: { announce: async () => {} } };
const result = await converge({ state, attachments: attachmentsOf(world), interfaceName: null }, kernel, () => {});
if (result.error !== null) throw new Error(result.error);

const shield = openShield(kernel.nft, createLog("worker1"));
const key = randomBytes(16).toString("hex");
const opened = await openLeaseGate({ nft: kernel.nft, key, nowMs: () => performance.now() });
if (typeof opened === "string") throw new Error(opened);
const gate = opened;
let number = 0;

const orders: Readonly<Record<string, () => Promise<unknown>>> = {
  "shield-on": () => shield.raise(shieldedBy(state)),
  "shield-off": async () => shield.close(),
  async "gate-on"() {
    const ips = state.held.map(({ ip }) => ip);
    await gate.guard({ underlay: "eth0", floatingIPs: floatingIPsOf(world), gatewayMacs: [] });
    if (!(await gate.replaceMine(++number, ips))) throw new Error("the gate did not take its addresses");
    await orders.park?.();
  },
  "gate-off": () => run("nft", ["delete", "table", LEASE_TABLE.family, LEASE_TABLE.name]),
  /** The longest lease there is: nobody keeps a short one here. */
  async park() {
    number += 1;
    if (!(await gate.arm(number)) || !(await gate.park(number))) throw new Error("the lease was not given");
  },
};

await orders["shield-on"]?.();
await orders["gate-on"]?.();
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  await orders[line]?.();
  console.log(line);
}
