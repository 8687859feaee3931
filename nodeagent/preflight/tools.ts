/** The programs that are needed, and which of the programs of that name. */
import { blocks, type Check, type Finding } from "./check.ts";
import type { NodeView } from "./node-view.ts";

interface Tool {
  readonly program: string;
  readonly args: readonly string[];
  /** What the right program prints. */
  readonly expected: RegExp;
  readonly package: string;
  readonly otherwise: string;
}

const tools: readonly Tool[] = [
  {
    program: "ip",
    args: ["link", "help", "vxlan"],
    expected: /\bgbp\b/,
    package: "iproute2",
    otherwise: "it knows no VXLAN group policy (gbp)",
  },
  { program: "bridge", args: ["-V"], expected: /./, package: "iproute2", otherwise: "it is another program" },
  {
    program: "conntrack",
    args: ["--version"],
    expected: /conntrack v/,
    package: "conntrack",
    otherwise: "it is another program",
  },
  {
    program: "arping",
    args: ["-V"],
    expected: /iputils/,
    package: "iputils-arping",
    otherwise: "Debian's package arping has another program of that name",
  },
];

/** 1.0.0 and before process the whole ruleset for each transaction (sigs.k8s.io/knftables, README). */
const NFT_VERSION_LEAST = [1, 0, 1] as const;

export const toolChecks: readonly Check[] = [
  { id: "nft", title: "nft is 1.0.1 or newer, with JSON", find: findNft },
  ...tools.map(
    (tool): Check => ({ id: tool.program, title: `${tool.program} is there`, find: (node) => findTool(node, tool) }),
  ),
  { id: "socat", title: "socat is there", find: findSocat },
];

async function findTool(node: NodeView, tool: Tool): Promise<readonly Finding[]> {
  const { missing, stdout, stderr } = await node.run(tool.program, ...tool.args);
  if (missing) return [blocks(`${tool.program} is missing`, `install the package ${tool.package}`)];
  if (tool.expected.test(stdout + stderr)) return [];
  return [blocks(`${tool.program} cannot be used: ${tool.otherwise}`, `install a current package ${tool.package}`)];
}

async function findSocat(node: NodeView): Promise<readonly Finding[]> {
  const { missing } = await node.run("socat", "-V");
  if (!missing) return [];
  return [blocks("socat is missing", "install the package socat")];
}

async function findNft(node: NodeView): Promise<readonly Finding[]> {
  const { missing, stdout } = await node.run("nft", "--version");
  if (missing) return [blocks("nft is missing", "install the package nftables")];
  const version = /v(\d+)\.(\d+)\.(\d+)/.exec(stdout)?.slice(1).map(Number);
  if (version === undefined || isOlder(version, NFT_VERSION_LEAST)) {
    const found = version === undefined ? "nft does not say its version" : `nft is ${version.join(".")}`;
    return [blocks(found, `install nftables ${NFT_VERSION_LEAST.join(".")} or newer`)];
  }
  const listing = await node.run("nft", "-j", "list", "chains");
  if (/JSON support not compiled-in/.test(listing.stderr)) {
    return [blocks("nft was built without JSON", "install a build of nftables that has it")];
  }
  if (listing.exitCode === 0 || listing.exitCode === null) return [];
  return [
    blocks(
      `nftables cannot be used: ${listing.stderr.split("\n")[0]}`,
      "run the agent as root with the capability NET_ADMIN, on a kernel with nf_tables",
    ),
  ];
}

function isOlder(version: readonly number[], least: readonly number[]): boolean {
  const different = least.findIndex((part, index) => part !== version[index]);
  return different !== -1 && (version[different] ?? 0) < (least[different] ?? 0);
}
