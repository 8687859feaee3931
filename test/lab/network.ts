/**
 * Builds the topology out of network namespaces, bridges and veth pairs. Runs inside the lab's own mount, network and
 * process namespace; there `ip netns` and every sysctl concern the lab only.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { execa } from "execa";
import {
  type LabNode,
  type LabPod,
  NODE_SUBNET,
  POD_CIDR,
  POD_CIDR_IPV6,
  podNetns,
  type Topology,
} from "./topology.ts";

export async function buildNetwork(topology: Topology, scratch: string): Promise<void> {
  await mkdir("/run/netns", { recursive: true });
  await ipBatch(scratch, "links", linkCommands(topology));
  await Promise.all(topology.nodes.map((node) => configureNode(node, topology, scratch)));
  const { outside, forge, control } = topology;
  await ipBatch(
    scratch,
    outside.name,
    [
      ...hostCommands(outside),
      `addr add ${outside.ip}/32 dev lo`,
      ...(outside.ipv6 === undefined ? [] : [`addr add ${outside.ipv6}/128 dev lo`]),
      ...topology.nodes.flatMap(routesToPods),
    ],
    outside.name,
  );
  await Promise.all(
    [forge, control].map((host) =>
      ipBatch(scratch, host.name, [...hostCommands(host), ...defaultRoutes(outside)], host.name),
    ),
  );
  await inNetns(outside.name, ["sysctl", "-q", "-w", ...FORWARDING]);
}

/** Prefix of a command line that runs it in the network namespace of a host of the lab. */
export const netnsPrefix = (netns: string): string[] => ["nsenter", `--net=/run/netns/${netns}`, "--"];

async function inNetns(netns: string, command: string[]): Promise<void> {
  const [file, ...args] = [...netnsPrefix(netns), ...command];
  await execa(file as string, args);
}

function linkCommands(topology: Topology): string[] {
  const hosts = [...topology.nodes, topology.outside, topology.forge, topology.control];
  return [
    "link set lo up",
    "link add lan type bridge",
    "link set lan up",
    ...hosts.map((h) => `netns add ${h.name}`),
    ...topology.pods.map((p) => `netns add ${podNetns(p)}`),
    ...hosts.flatMap((h, i) => [
      `link add lan${i} type veth peer name eth0 netns ${h.name}`,
      `link set lan${i} master lan`,
      `link set lan${i} up`,
    ]),
    ...topology.pods.map(
      (p, i) => `link add veth${i} netns ${p.node} type veth peer name eth0 address ${p.mac} netns ${podNetns(p)}`,
    ),
  ];
}

const FORWARDING = ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"];

interface LanAddresses {
  readonly lanIP: string;
  readonly lanIPv6?: string;
}

/** IPv6 addresses are usable at once: duplicate address detection takes a second. */
const hostCommands = ({ lanIP, lanIPv6 }: LanAddresses): string[] => [
  "link set lo up",
  "link set eth0 up",
  `addr add ${lanIP}/${NODE_SUBNET.split("/")[1]} dev eth0`,
  ...(lanIPv6 === undefined ? [] : [`addr add ${lanIPv6}/64 dev eth0 nodad`]),
];

const defaultRoutes = ({ lanIP, lanIPv6 }: LanAddresses): string[] =>
  [lanIP, lanIPv6].flatMap((via) => (via === undefined ? [] : [`route add default via ${via}`]));

const routesToPods = ({ podCIDR, lanIP, ipv6, lanIPv6 }: LabNode): string[] => [
  `route add ${podCIDR} via ${lanIP}`,
  ...(ipv6 === undefined ? [] : [`route add ${ipv6.podCIDR} via ${lanIPv6}`]),
];

async function configureNode(node: LabNode, topology: Topology, scratch: string): Promise<void> {
  // Strict reverse path filtering is what most distributions ship; the datapath must live with it.
  await inNetns(node.name, [
    "sysctl",
    "-q",
    "-w",
    ...FORWARDING,
    "net.ipv4.conf.all.rp_filter=1",
    "net.ipv4.conf.default.rp_filter=1",
  ]);
  const pods = topology.pods.map((pod, i) => ({ pod, veth: `veth${i}` })).filter(({ pod }) => pod.node === node.name);
  await ipBatch(
    scratch,
    node.name,
    [
      ...hostCommands(node),
      ...defaultRoutes(topology.outside),
      ...topology.nodes.filter((n) => n !== node).flatMap(routesToPods),
      "link add cni0 type bridge",
      "link set cni0 up",
      `addr add ${node.podGateway}/24 dev cni0`,
      ...(node.ipv6 === undefined ? [] : [`addr add ${node.ipv6.podGateway}/64 dev cni0 nodad`]),
      ...pods.flatMap(({ veth }) => [`link set ${veth} master cni0`, `link set ${veth} up`]),
    ],
    node.name,
  );
  await Promise.all(pods.map(({ pod }) => configurePod(pod, node, scratch)));
  await loadMasquerade(node, scratch);
}

async function configurePod(pod: LabPod, node: LabNode, scratch: string): Promise<void> {
  await ipBatch(
    scratch,
    podNetns(pod),
    [
      "link set lo up",
      "link set eth0 up",
      `addr add ${pod.ip}/24 dev eth0`,
      `route add default via ${node.podGateway}`,
      ...(pod.ipv6 === undefined ? [] : [`addr add ${pod.ipv6}/64 dev eth0 nodad`]),
      ...(node.ipv6 === undefined ? [] : [`route add default via ${node.ipv6.podGateway}`]),
    ],
    podNetns(pod),
  );
}

/** The ordinary CNI masquerade: whatever leaves the cluster leaves with the node's address. */
async function loadMasquerade(node: LabNode, scratch: string): Promise<void> {
  const file = join(scratch, `${node.name}.nft`);
  await writeFile(
    file,
    [
      ...masquerade("ip", node.podCIDR, POD_CIDR),
      ...(node.ipv6 === undefined ? [] : masquerade("ip6", node.ipv6.podCIDR, POD_CIDR_IPV6)),
      "",
    ].join("\n"),
  );
  await inNetns(node.name, ["nft", "-f", file]);
}

const masquerade = (ip: "ip" | "ip6", podCIDR: string, allPods: string): string[] => [
  `table ${ip} cni {`,
  "  chain postrouting { type nat hook postrouting priority srcnat;",
  `    ${ip} saddr ${podCIDR} ${ip} daddr != ${allPods} masquerade`,
  "  }",
  "}",
];

async function ipBatch(scratch: string, name: string, commands: string[], netns?: string): Promise<void> {
  const file = join(scratch, `${name}.ip`);
  await writeFile(file, `${commands.join("\n")}\n`);
  await execa("ip", [...(netns ? ["-n", netns] : []), "-batch", file]);
}
