/** Uplink eth0 · overlay port 4790 · our mark bits 0x133fff. What a node answers is given by command line; all else is fit. */
import type { CommandResult } from "../../../nodeagent/kernel/run.ts";
import type { NodeView } from "../../../nodeagent/preflight/node-view.ts";
import { preflight } from "../../../nodeagent/preflight.ts";

export type Answers = Readonly<Record<string, unknown>>;
export type Files = Readonly<Record<string, string>>;

const ok = (stdout: unknown): CommandResult => ({
  exitCode: 0,
  stdout: typeof stdout === "string" ? stdout : JSON.stringify(stdout),
  stderr: "",
  missing: false,
});
export const failed = (stderr: string, exitCode: number | null = 1): CommandResult => ({
  exitCode,
  stdout: "",
  stderr,
  missing: false,
});
export const missing: CommandResult = { exitCode: null, stdout: "", stderr: "", missing: true };
export const crashed = failed("", null);

export const eth0 = { ifname: "eth0" };
export const fitNode: Answers = {
  "nft --version": "nftables v1.0.6 (Lester Gooch #5)",
  "nft -j list chains": { nftables: [{ metainfo: {} }] },
  "nft list table": failed("Error: No such file or directory"),
  "nft -c": "",
  "ip link help vxlan": "Usage: ... [ gbp ]",
  "bridge -V": "bridge utility",
  "conntrack --version": "conntrack v1.4.7",
  "arping -V": "arping from iputils 20221126",
  "socat -V": "socat version 1.7",
  "ip link add name sallyport-probe": failed("Error: Provided Ethernet address is not unicast."),
  "ip -j -d link show": [{ ifname: "lo" }, eth0],
  "ip -j -4 route show table main": [{ dst: "default", dev: "eth0", protocol: "static" }],
  "ip -j -4 route show table 7790": failed("Error: ipv4: FIB table does not exist."),
  "ip -j -6 route show": "",
  "ip -j -4 rule show": [{ priority: 0, src: "all", table: "local" }],
  "ip -j -6 rule show": [],
  "ip -j -4 neigh show": [],
  "ip -j -6 neigh show": [],
  "tc -j filter show": [],
};
const fitFiles: Files = { "/proc/sys/net/ipv4/ip_forward": "1\n" };

/** Answers by the longest command line given that the command begins with. */
export function nodeWith(answers: Answers, files: Files): NodeView {
  const all: Answers = { ...fitNode, ...answers };
  return {
    async run(...command) {
      const line = command.join(" ");
      const known = Object.keys(all).filter((start) => line.startsWith(start));
      const [longest] = known.toSorted((a, b) => b.length - a.length);
      if (longest === undefined) throw new Error(`nobody answers ${line}`);
      const answer = all[longest];
      return typeof answer === "object" && answer !== null && "exitCode" in answer
        ? (answer as CommandResult)
        : ok(answer);
    },
    read: async (path) => ({ ...fitFiles, ...files })[path] ?? null,
    names: async (directory) =>
      Object.keys(files).flatMap((path) => (path.startsWith(`${directory}/`) ? path.slice(directory.length + 1) : [])),
  };
}

/** What is found, as `outcome id: found`. */
export async function findings(answers: Answers, files: Files = {}, interfaceName: string | null = null) {
  const results = await preflight({ interfaceName, overlayPort: 4790 }, nodeWith(answers, files));
  return results.flatMap(({ id, findings }) => findings.map(({ severity, found }) => `${severity} ${id}: ${found}`));
}

export const chain = (family: string, table: string, name: string, more: object = {}) => ({
  chain: { family, table, name, ...more },
});
export const forward = (policy: string, family = "ip") =>
  chain(family, "filter", "FORWARD", { type: "filter", hook: "forward", prio: 0, policy });
export const rules = (...exprs: readonly (readonly object[])[]) => ({
  nftables: exprs.map((expr) => ({ rule: { expr } })),
});
export const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
export const meta = (key: string) => ({ meta: { key } });
export const mark = (mask: number) => ({ "&": [meta("mark"), mask] });
export const saddr = match(
  { payload: { protocol: "ip", field: "saddr" } },
  { prefix: { addr: "10.244.0.0", len: 16 } },
);
export const established = match({ ct: { key: "state" } }, ["established", "related"], "in");
export const accept = { accept: null };
export const drop = { drop: null };
export const FORWARD = "nft -j -t list chain ip filter FORWARD";
export const BY_POLICY = "chain ip filter FORWARD drops by its policy what goes";
export const BY_RULE = "chain ip filter FORWARD drops by a rule what goes";
export const TO_OVERLAY = "from a pod towards the overlay";
export const FROM_OVERLAY = "from the overlay towards the underlay";
