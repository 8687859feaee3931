import { writeFile } from "node:fs/promises";
import { FAMILIES, type Family } from "../../nodeagent/addresses.ts";
import { createConntrack } from "../../nodeagent/kernel/conntrack.ts";
import type { TranslatedConnection } from "../../nodeagent/kernel/ctnetlink.ts";
import type { Flow } from "../../nodeagent/kernel/flows.ts";
import { sh } from "./network.ts";

const POD = { 4: "10.10.1.5", 6: "fd00:10:1::5" } as const;
const SERVER = { 4: "198.51.100.10", 6: "2001:db8:100::10" } as const;
const OVERLAY = { 4: "169.254.77.80", 6: "fd53:616c:6c79::50" } as const;
const FLOATING = { 4: "192.168.1.100", 6: "fd00:192::100" } as const;
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
const created = (family: Family, port: number): TranslatedConnection => ({
  ...{ protocol: port % 2 === 0 ? 6 : 17, tcpState: port % 2 === 0 ? "ESTABLISHED" : null },
  ...{ source: OVERLAY[family], server: SERVER[family], floatingIP: FLOATING[family], port, serverPort: 443 },
  ...{ zone: 7, mark: 7, timeoutS: 300 },
});
const thousand = Array.from({ length: MANY }, (_, index) => 20_480 + index);
for (const family of FAMILIES) {
  const wanted = thousand.map((port) => created(family, port));
  await conntrack.create(wanted);
  await conntrack.create([...wanted, { ...created(family, 20_480), source: POD[family], zone: 8 }]);
  const flows = await conntrack.listMarked(family, 7);
  const [first] = flows.filter(({ seenAsPort }) => seenAsPort === 20_480);
  outcome[`created${family}`] = {
    number: flows.length,
    kept: flows.every(({ sourcePort, seenAsPort, answered }) => sourcePort === seenAsPort && answered),
    first: { ...first, timeoutS: 0 },
    zones: await sh(null, `conntrack -L -f ipv${family} --mark 7 2> /dev/null | grep -c zone-orig=7`),
  };
}
outcome.forgotten = await conntrack.forget({ egressId: 1 });
console.log(JSON.stringify(outcome));
