/** What the kernel can do: it is asked to check rules without committing them, and to refuse a device for its address. */
import { ID_MASK } from "../constants.ts";
import { replacementText, type TableDeclaration } from "../kernel/nft/declaration.ts";
import { guardTable } from "../skeleton/guard.ts";
import { mainTable } from "../skeleton/main.ts";
import { listChains, otherTables } from "./chains.ts";
import { blocks, type Check, type Finding, type PreflightSettings } from "./check.ts";
import { hasCrashed, type NodeView } from "./node-view.ts";

interface Feature {
  readonly id: string;
  readonly title: string;
  /** nft commands that need the feature, in a table that exists nowhere. */
  readonly commands: string;
  readonly cure: string;
}

const PROBE = "sallyport_probe";
const base = (family: string, hook: string) =>
  `add table ${family} ${PROBE}; add chain ${family} ${PROBE} probe { ${hook} }`;
const preroutingBase = base("inet", "type filter hook prerouting priority 0;");
const egressBase = base("netdev", 'type filter hook egress device "lo" priority 0;');

const features: readonly Feature[] = [
  {
    id: "kernel-egress-hook",
    title: "the kernel has the netdev egress hook",
    commands: `${egressBase}; add map netdev ${PROBE} gateways { typeof meta mark : ether daddr; }; add rule netdev ${PROBE} probe ether daddr set meta mark & ${ID_MASK} map @gateways`,
    cure: "use a kernel of 5.16 or newer with CONFIG_NETFILTER_EGRESS",
  },
  {
    id: "kernel-update-in-netdev",
    title: "packets can update sets in netdev tables",
    commands: `${egressBase}; add set netdev ${PROBE} seen { typeof ip saddr; size 16; flags dynamic,timeout; timeout 1s; }; add rule netdev ${PROBE} probe update @seen { ip saddr }`,
    cure: "use a kernel with CONFIG_NF_TABLES_NETDEV",
  },
  {
    id: "kernel-conntrack",
    title: "rules can see connections and their marks",
    commands: `${preroutingBase}; add rule inet ${PROBE} probe ct direction original ct state new ct mark set ct mark & 0xffffc000 | 1`,
    cure: "use a kernel with CONFIG_NFT_CT and CONFIG_NF_CONNTRACK_MARK",
  },
  {
    id: "kernel-nat",
    title: "rules can translate addresses by a map",
    commands: `${base("inet", "type nat hook postrouting priority 90;")}; add map inet ${PROBE} floating { typeof meta mark : ip saddr; }; add rule inet ${PROBE} probe snat ip to meta mark & ${ID_MASK} map @floating`,
    cure: "use a kernel with CONFIG_NFT_NAT and CONFIG_NF_TABLES_INET",
  },
  {
    id: "kernel-mss",
    title: "rules can set the TCP segment size",
    commands: `${base("inet", "type filter hook forward priority 0;")}; add rule inet ${PROBE} probe tcp option maxseg size set rt mtu`,
    cure: "use a kernel with CONFIG_NFT_EXTHDR and CONFIG_NFT_RT",
  },
];

export const kernelChecks: readonly Check[] = [
  {
    id: "nft-foreign-objects",
    title: "nft survives the objects of others",
    find: findCrash,
  },
  ...features.map((feature): Check => ({ ...feature, find: (node) => findFeature(node, feature) })),
  { id: "kernel-rules", title: "nft and the kernel accept our tables as they are", find: findRules },
  { id: "kernel-vxlan", title: "the kernel has VXLAN devices", find: findVxlan },
];

/** Adding a rule makes nft read everybody's sets, as each transaction of the agent does. */
async function findCrash(node: NodeView): Promise<readonly Finding[] | null> {
  const results = await Promise.all([
    node.run("nft", "-j", "list", "chains"),
    node.run("nft", "-c", `${preroutingBase}; add rule inet ${PROBE} probe accept`),
  ]);
  if (results.some(({ missing }) => missing)) return null;
  if (!results.some(hasCrashed)) return [];
  const tables = otherTables((await listChains(node)) ?? []);
  const whose = tables.length === 0 ? "" : `: ${tables.slice(0, 5).join(", ")}`;
  return [
    blocks(
      `nft crashes when it reads this node's tables, probably at sets that a newer nft wrote${whose}`,
      "nft 1.1.1 and older cannot read what nft 1.1.2 and newer write: install the version here that the owner of those tables has",
    ),
  ];
}

async function findFeature(node: NodeView, { commands, title, cure }: Feature): Promise<readonly Finding[] | null> {
  const result = await node.run("nft", "-c", commands);
  if (result.missing || hasCrashed(result)) return null;
  if (result.exitCode === 0) return [];
  return [blocks(`not so: ${title} (${result.stderr.split("\n")[0]})`, cure)];
}

/** Any MTU does: the rules are checked, not used. */
const OVERLAY_MTU = 1450;

/** While rules are only checked, others see their table for a moment, and it would be taken for somebody else's of our name. */
function elsewhere(declaration: TableDeclaration): TableDeclaration {
  const { family, name } = declaration.table;
  return { ...declaration, table: { family, name: `${PROBE}_${name}` } };
}

/** What no single feature names. Said only where none of them says it already. */
async function findRules(node: NodeView, { overlayPort }: PreflightSettings): Promise<readonly Finding[] | null> {
  const lacks = await Promise.all(features.map((feature) => findFeature(node, feature)));
  if (lacks.some((findings) => findings?.length !== 0)) return null;
  const tables = [mainTable({ overlayPort, overlayMtu: OVERLAY_MTU }), guardTable()].map(elsewhere);
  const result = await node.run("nft", "-c", tables.map((table) => replacementText(table, new Map())).join(""));
  if (result.exitCode === 0) return [];
  return [
    blocks(
      `our tables are refused: ${result.stderr.split("\n")[0]}`,
      "use a newer kernel or nftables; please report it",
    ),
  ];
}

/** The kind of a device is looked up before its address is refused, so no device comes about. */
async function findVxlan(node: NodeView): Promise<readonly Finding[] | null> {
  const multicastMac = "01:00:00:00:00:01";
  const options = ["type", "vxlan", "id", "1", "dstport", "4790", "gbp"];
  const { missing, stderr } = await node.run(
    "ip",
    "link",
    "add",
    "name",
    "sallyport-probe",
    "address",
    multicastMac,
    ...options,
  );
  if (missing) return null;
  if (!/Unknown device type|not supported/i.test(stderr)) return [];
  return [blocks("the kernel knows no VXLAN devices", "use a kernel with CONFIG_VXLAN, or load the module vxlan")];
}
