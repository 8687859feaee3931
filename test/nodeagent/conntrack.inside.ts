import { writeFile } from "node:fs/promises";
import { FAMILIES } from "../../nodeagent/addresses.ts";
import { createConntrack } from "../../nodeagent/kernel/conntrack.ts";
import type { Flow } from "../../nodeagent/kernel/flows.ts";
import { sh } from "./network.ts";

const POD = { 4: "10.10.1.5", 6: "fd00:10:1::5" } as const;
const SERVER = { 4: "198.51.100.10", 6: "2001:db8:100::10" } as const;
const MANY = 1_000;
/** With a bit of somebody else's. */
const MARK = 0x40000001;

// Echoes are made by hand: the tool cannot. Only rules make the kernel track them.
await sh(
  null,
  `nft 'add table inet tracked; add chain inet tracked out { type filter hook output priority 0; }
        add rule inet tracked out ct direction original meta l4proto { icmp, icmpv6 } ct mark set 1'`,
);
for (const family of FAMILIES) {
  const pair = `-s ${POD[family]} -d ${SERVER[family]} -t 100`;
  const ports = Array.from({ length: MANY }, (_, index) => 10_000 + index);
  const tcp = ports.map((port) => `-I -p tcp ${pair} --sport ${port} --dport 443 --state ESTABLISHED -m ${MARK}\n`);
  await writeFile("/run/entries", tcp.join(""));
  await sh(
    null,
    `conntrack -R /run/entries 2>&1
     conntrack -I -p udp ${pair} --sport 20000 --dport 53 -m 1 2>&1
     conntrack -I -p udp ${pair} --sport 20001 --dport 53 -m 1 2>&1
     for address in ${POD[family]} ${SERVER[family]}; do ip address add $address dev lo ${family === 6 ? "nodad" : ""}; done
     ping -c 1 -I ${POD[family]} ${SERVER[family]}`,
  );
}

const conntrack = createConntrack();
const outcome: Record<string, unknown> = {};
for (const family of FAMILIES) {
  const listed = await conntrack.list(family, POD[family]);
  const ofProtocol = (protocol: number) => listed.filter((flow) => flow.protocol === protocol);
  const [first, ...others] = ofProtocol(6) as [Flow, ...Flow[]];
  await conntrack.mark(others, 0x10000);
  await conntrack.delete([
    ...ofProtocol(1),
    ...ofProtocol(58),
    ...ofProtocol(17).slice(0, 1),
    { ...first, sourcePort: 9 },
  ]);
  const after = await conntrack.list(family, null);
  outcome[`IPv${family}`] = {
    first: { ...first, sourcePort: 0 },
    icmp: [...ofProtocol(1), ...ofProtocol(58)].map(({ icmp }) => icmp),
    marks: Object.entries(Object.groupBy(after, ({ protocol, mark }) => `${protocol} ${mark.toString(16)}`)).map(
      ([key, each = []]) => `${each.length} of ${key}`,
    ),
    marked: (await conntrack.listMarked(family, 0x10001)).length,
    nobody: (await conntrack.list(family, SERVER[family])).length,
  };
}
outcome.forgotten = await conntrack.forget({ egressId: 1 });
console.log(JSON.stringify(outcome));
