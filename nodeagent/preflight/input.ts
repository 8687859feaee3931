/** Does this node hear what other nodes send to it: outer packets of the overlay, and what agents say to each other? */
import { PEERS_PORT } from "../constants.ts";
import { chainsInTheWay, listChains } from "./chains.ts";
import { type Check, type Finding, type PreflightSettings, warns } from "./check.ts";
import { judgeBaseChain } from "./judge.ts";
import { uplinkName } from "./links.ts";
import type { Packet } from "./matching.ts";
import { type NodeView, readJson } from "./node-view.ts";

export const inputChecks: readonly Check[] = [
  { id: "input-passes", title: "no input chain drops what other nodes send", find: findDrops },
  { id: "neighbours", title: "the neighbour tables have room", find: findFullTables },
];

async function findDrops(node: NodeView, settings: PreflightSettings): Promise<readonly Finding[] | null> {
  const chains = await listChains(node);
  if (chains === null) return null;
  const uplink = await uplinkName(node, settings);
  const findings: Finding[] = [];
  for (const chain of chainsInTheWay(chains, ["input"])) {
    for (const packet of packetsOf(uplink, settings.overlayPort)) {
      findings.push(...(await judgeBaseChain(node, chain, packet, cureFor(packet))));
    }
  }
  return findings;
}

function packetsOf(uplink: string | null, overlayPort: number): readonly Packet[] {
  return [
    { words: "the overlay's packets", port: overlayPort },
    { words: "what agents of other nodes say", port: PEERS_PORT },
  ].map(({ words, port }) => ({
    ...{ iif: uplink, oif: null, role: 0, udpPort: port },
    words: `${words} (UDP port ${port})`,
  }));
}

function cureFor({ udpPort }: Packet): string {
  return `accept UDP to port ${udpPort} from the other nodes' addresses there`;
}

/** Above this share the kernel throws entries away that are in use (neigh_alloc in net/core/neighbour.c). */
const CROWDED = 0.8;

/** The tables are of the whole machine; in a network namespace of its own a node does not see their size. */
async function findFullTables(node: NodeView): Promise<readonly Finding[]> {
  const tables = [
    { family: "-4", words: "IPv4", path: "ipv4" },
    { family: "-6", words: "IPv6", path: "ipv6" },
  ];
  const findings = await Promise.all(
    tables.map(async ({ family, words, path }) => {
      const most = Number(await node.read(`/proc/sys/net/${path}/neigh/default/gc_thresh3`));
      const entries = (await readJson<readonly unknown[]>(node, "ip", "-j", family, "neigh", "show"))?.length ?? 0;
      if (most === 0 || entries < CROWDED * most) return [];
      return [
        warns(
          `the table of ${words} neighbours has ${entries} of at most ${most} entries: full, it makes packets to nodes and pods fail`,
          `set the sysctls net.${path}.neigh.default.gc_thresh3, gc_thresh2 and gc_thresh1 to several times as much`,
        ),
      ];
    }),
  );
  return findings.flat();
}
