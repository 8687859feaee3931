/**
 * The outside host answers every pod on the port of its own, and its kernel notes under which address packets came to
 * which port, before anything else sees them. A pod has a port that no other pod ever had, so every packet says whose it is.
 */
import type { Lab } from "../lab/lab.ts";
import { sh, start } from "./place.ts";

export const FIRST_PORT = 20_000;
const LAST_PORT = 60_000;
const ECHO_PORT = 8_081;

const SERVER = `require("node:net").createServer((s) => s.on("error", () => {}).on("data", (data) => s.write(data))).listen(${ECHO_PORT});
  const udp = require("node:dgram").createSocket("udp4").on("error", () => {});
  udp.on("message", (data, { port, address }) => udp.send(data, port, address, () => {})).bind(${ECHO_PORT}, () => console.log("ready"))`;

/** Resolves when it answers. */
export async function startWitness(lab: Lab): Promise<void> {
  const { name, ip } = lab.topology.outside;
  const server = start(lab, name, [process.execPath, "-e", SERVER]);
  await new Promise((resolve) => server.stdout.once("data", resolve));
  const ports = `ip daddr ${ip} meta l4proto { tcp, udp } th dport ${FIRST_PORT}-${LAST_PORT}`;
  await sh(
    lab,
    name,
    `nft -f - <<'END'
table inet soak {
  set seen { typeof ip saddr . th dport; size 65535; flags dynamic; }
  set pinged { typeof ip saddr; size 65535; flags dynamic; }
  chain first { type filter hook prerouting priority -300;
    ${ports} update @seen { ip saddr . th dport }
    ip daddr ${ip} icmp type echo-request update @pinged { ip saddr }
  }
  chain answer { type nat hook prerouting priority -100; ${ports} redirect to :${ECHO_PORT}
  }
}
END`,
  );
}

/** Every source address that packets to a port ever had. */
export async function sourcesByPort(lab: Lab): Promise<ReadonlyMap<number, ReadonlySet<string>>> {
  const listed = JSON.parse(await sh(lab, lab.topology.outside.name, "nft -j list set inet soak seen")) as Listing;
  const sources = new Map<number, Set<string>>();
  for (const { concat } of listed.nftables.flatMap(({ set }) => set?.elem ?? []).map(elementOf)) {
    const [source, port] = concat;
    sources.set(port, (sources.get(port) ?? new Set()).add(source));
  }
  return sources;
}

/** Every source address of echo requests. */
export async function pingSources(lab: Lab): Promise<readonly string[]> {
  const listed = await sh(lab, lab.topology.outside.name, "nft -j list set inet soak pinged");
  return [...listed.matchAll(/"(\d+\.\d+\.\d+\.\d+)"/g)].map(([, ip = ""]) => ip);
}

interface Element {
  readonly concat: readonly [source: string, port: number];
}

interface Listing {
  readonly nftables: readonly {
    readonly set?: { readonly elem?: readonly (Element | { readonly elem: { readonly val: Element } })[] };
  }[];
}

function elementOf(listed: Element | { readonly elem: { readonly val: Element } }): Element {
  return "elem" in listed ? listed.elem.val : listed;
}
