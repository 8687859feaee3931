/** What two gateways note of a host that uses floating IPs, and what a probe says: worker1 holds, worker2 stands by. */
import type { Conflict } from "../../../nodeagent/gate/conflicts.ts";
import { sh } from "../network.ts";
import { startHolder } from "./holder.ts";
import { buildSegment, deviceOf, FLOATING, FLOATING6, OTHER_FLOATING, OTHER_FLOATING6 } from "./segment.ts";

const scope = await buildSegment();
const [standbyDevice, outside] = [await deviceOf("worker2"), await deviceOf("outside")];
const [holder, standby] = [startHolder("worker1"), startHolder("worker2")];
for (const each of [holder, standby]) await each.tell({ do: "guard", scope });
await holder.tell({ do: "begin", generation: 1, ips: [FLOATING, FLOATING6] });
await holder.tell({ do: "arm", number: 1 });
await holder.tell({ do: "park", number: 1 });

const ips = [...scope.floatingIPs];
const words = (conflicts: unknown) =>
  (conflicts as Conflict[]).map(({ ip, mac }) => `${ip} ${mac === outside.mac ? "outside" : mac}`).sort();
const probed = async () => words(await standby.tell({ do: "probe", device: standbyDevice, ips }));
const noted = async (who: typeof holder) => words(await who.tell({ do: "conflicts" }));

const steps: Record<string, unknown> = {};
steps.unused = await probed();

// A host that has an address does not say so unless it is asked.
await sh(
  "outside",
  `ip address add ${OTHER_FLOATING}/32 dev eth0; ip address add ${OTHER_FLOATING6}/128 dev eth0 nodad`,
);
steps.silentUse = await noted(standby);
steps.probed = await probed();
steps.notedByHolder = await noted(holder);

// A newcomer that asks first, as RFC 5227 and RFC 4862 want it. The holder answers.
const newcomer = await sh("outside", `arping -D -c 1 -w 2 -I eth0 ${FLOATING} || echo taken`);
steps.newcomerGivesWay = newcomer.endsWith("taken");
await sh("outside", `echo 1 > /proc/sys/net/ipv6/conf/eth0/accept_dad; ip address add ${FLOATING6}/128 dev eth0`);
while ((await sh("outside", `ip -6 address show dev eth0 tentative to ${FLOATING6}`)) !== "" && !(await failed()));
steps.newcomerFailed = await failed();
async function failed(): Promise<boolean> {
  return (await sh("outside", `ip -6 address show dev eth0 dadfailed to ${FLOATING6}`)) !== "";
}
steps.wanted = await noted(holder);

const [first, second] = [await holder.tell({ do: "conflicts" }), await holder.tell({ do: "conflicts" })];
steps.sameSince = JSON.stringify(first) === JSON.stringify(second);
console.log(JSON.stringify(steps));
process.exit(0);
