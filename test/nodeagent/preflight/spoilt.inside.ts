/** Preflight on a node that is spoilt in one way after the other, and mended again. */
import { preflight } from "../../../nodeagent/main.ts";
import { sh } from "../network.ts";

interface Spoil {
  readonly name: string;
  readonly spoil: string;
  readonly mend: string;
}

const FORWARD =
  "nft 'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }";
const NO_FILTER = "nft delete table ip filter";

const INPUT = FORWARD.replaceAll("FORWARD", "INPUT").replace("hook forward", "hook input");

const spoils: readonly Spoil[] = [
  {
    name: "forwarding off",
    spoil: "echo 0 > /proc/sys/net/ipv4/ip_forward",
    mend: "echo 1 > /proc/sys/net/ipv4/ip_forward",
  },
  // As `iptables -P FORWARD DROP` of iptables-nft leaves it.
  { name: "FORWARD drops", spoil: `${FORWARD}'`, mend: NO_FILTER },
  {
    name: "FORWARD drops, replies and pods pass",
    spoil: `${FORWARD}; add rule ip filter FORWARD ct state established,related accept; add rule ip filter FORWARD ip saddr 10.10.0.0/16 accept'`,
    mend: NO_FILTER,
  },
  {
    name: "FORWARD drops, everything passes",
    spoil: `${FORWARD}; add chain ip filter ALL; add rule ip filter ALL counter accept; add rule ip filter FORWARD jump ALL'`,
    mend: NO_FILTER,
  },
  {
    name: "a rule drops by the uplink",
    spoil: `${FORWARD}; add rule ip filter FORWARD oifname { "eth0", "wan" } ip daddr 203.0.113.9 drop; add rule ip filter FORWARD accept'`,
    mend: NO_FILTER,
  },
  {
    name: "a rule clears marks",
    spoil:
      "nft 'add table ip other; add chain ip other f { type filter hook forward priority 0; }; add rule ip other f meta mark set meta mark & 0xfff0ffff'",
    mend: "nft delete table ip other",
  },
  { name: "a foreign table", spoil: "nft add table inet sallyport", mend: "nft delete table inet sallyport" },
  {
    name: "a foreign vxlan on our port",
    spoil: "ip link add vx1 type vxlan id 4 dstport 4790 local 192.168.1.1",
    mend: "ip link delete vx1",
  },
  { name: "a foreign egvx", spoil: "ip link add egvx type bridge", mend: "ip link delete egvx" },
  {
    name: "a strict CNI tunnel",
    spoil: `ip link add flannel.1 type vxlan id 1 dstport 8472 local 192.168.1.1; ip link set flannel.1 up
            ip route add 10.10.2.0/24 dev flannel.1; echo 1 > /proc/sys/net/ipv4/conf/all/rp_filter`,
    mend: "ip link delete flannel.1; echo 0 > /proc/sys/net/ipv4/conf/all/rp_filter",
  },
  {
    name: "a mark rule",
    spoil: "ip rule add preference 9 fwmark 0x200/0xf00 lookup 2004",
    mend: "ip rule delete preference 9",
  },
  {
    name: "our routing table",
    spoil: "ip route add 203.0.113.0/24 dev eth0 table 7790",
    mend: "ip route flush table 7790",
  },
  {
    name: "our preference",
    spoil: "ip -6 rule add preference 1000 lookup main",
    mend: "ip -6 rule delete preference 1000",
  },
  { name: "INPUT drops", spoil: `${INPUT}; add rule ip filter INPUT tcp dport 22 accept'`, mend: NO_FILTER },
  {
    name: "INPUT drops, the nodes' ports pass",
    spoil: `${INPUT}; add rule ip filter INPUT udp dport { 4790, 7780-7791 } accept'`,
    mend: NO_FILTER,
  },
  {
    name: "INPUT drops, some sources pass",
    spoil: `${INPUT}; add rule ip filter INPUT ip saddr 192.168.1.0/24 accept'`,
    mend: NO_FILTER,
  },
  // As its agent makes them, and as Felix does.
  {
    name: "Cilium's devices",
    spoil: "ip link add cilium_host type veth peer name cilium_net",
    mend: "ip link delete cilium_host",
  },
  {
    name: "the devices of Calico's eBPF dataplane",
    spoil: "ip link add bpfin.cali type veth peer name bpfout.cali",
    mend: "ip link delete bpfin.cali",
  },
];

await sh(
  null,
  `ip link add eth0 type veth peer name far; ip address add 192.168.1.1/24 dev eth0; ip link set eth0 up; ip link set far up
   ip route add default via 192.168.1.254; echo 1 > /proc/sys/net/ipv4/ip_forward`,
);

async function look(): Promise<readonly string[]> {
  const results = await preflight(null);
  return results.flatMap(({ id, outcome }) => (outcome === "passes" ? [] : [`${outcome} ${id}`]));
}

const state = () =>
  sh(
    null,
    "nft list ruleset; ip -o link show | cut -d: -f2; ip rule show; ip -4 route show table all; ip -6 rule show",
  );

const found: Record<string, readonly string[]> = { fit: await look() };
for (const { name, spoil, mend } of spoils) {
  await sh(null, spoil);
  const before = await state();
  found[name] = await look();
  if ((await state()) !== before) throw new Error(`preflight changed something: ${name}`);
  await sh(null, mend);
}
console.log(JSON.stringify(found));
