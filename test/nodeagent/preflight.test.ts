// Uplink eth0 · overlay port 4790 · our mark bits 0x133fff. What a node answers is given by command line; all else is fit.
import { describe, expect, test } from "vitest";
import type { CommandResult } from "../../nodeagent/kernel/run.ts";
import type { NodeView } from "../../nodeagent/preflight/node-view.ts";
import { preflight } from "../../nodeagent/preflight.ts";
import { runInside } from "./private.ts";

type Answers = Readonly<Record<string, unknown>>;
type Files = Readonly<Record<string, string>>;

const ok = (stdout: unknown): CommandResult => ({
  exitCode: 0,
  stdout: typeof stdout === "string" ? stdout : JSON.stringify(stdout),
  stderr: "",
  missing: false,
});
const failed = (stderr: string, exitCode: number | null = 1): CommandResult => ({
  exitCode,
  stdout: "",
  stderr,
  missing: false,
});
const missing: CommandResult = { exitCode: null, stdout: "", stderr: "", missing: true };
const crashed = failed("", null);

const eth0 = { ifname: "eth0" };
const fitNode: Answers = {
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
  "tc -j filter show": [],
};
const fitFiles: Files = { "/proc/sys/net/ipv4/ip_forward": "1\n" };

/** Answers by the longest command line given that the command begins with. */
function nodeWith(answers: Answers, files: Files): NodeView {
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
async function findings(answers: Answers, files: Files = {}, interfaceName: string | null = null) {
  const results = await preflight({ interfaceName, overlayPort: 4790 }, nodeWith(answers, files));
  return results.flatMap(({ id, findings }) => findings.map(({ severity, found }) => `${severity} ${id}: ${found}`));
}

const chain = (family: string, table: string, name: string, more: object = {}) => ({
  chain: { family, table, name, ...more },
});
const forward = (policy: string, family = "ip") =>
  chain(family, "filter", "FORWARD", { type: "filter", hook: "forward", prio: 0, policy });
const rules = (...exprs: readonly (readonly object[])[]) => ({ nftables: exprs.map((expr) => ({ rule: { expr } })) });
const match = (left: object, right: unknown, op = "==") => ({ match: { op, left, right } });
const meta = (key: string) => ({ meta: { key } });
const mark = (mask: number) => ({ "&": [meta("mark"), mask] });
const saddr = match({ payload: { protocol: "ip", field: "saddr" } }, { prefix: { addr: "10.244.0.0", len: 16 } });
const established = match({ ct: { key: "state" } }, ["established", "related"], "in");
const accept = { accept: null };
const drop = { drop: null };
const FORWARD = "nft -j -t list chain ip filter FORWARD";
const BY_POLICY = "chain ip filter FORWARD drops by its policy what goes";
const BY_RULE = "chain ip filter FORWARD drops by a rule what goes";
const TO_OVERLAY = "from a pod towards the overlay";
const FROM_OVERLAY = "from the overlay towards the underlay";

test("a node that is fit passes every check", async () => {
  const results = await preflight({ interfaceName: null, overlayPort: 4790 }, nodeWith({}, {}));
  expect(results.filter(({ outcome }) => outcome !== "passes")).toEqual([]);
  expect(results.length).toBeGreaterThan(25);
});

describe("programs", () => {
  test.each([
    ["no nft", { nft: missing, ...only("nft", missing) }, "blocks nft: nft is missing"],
    ["an old nft", { "nft --version": "nftables v0.9.8 (E.D.S.)" }, "blocks nft: nft is 0.9.8"],
    [
      "an nft without JSON",
      { "nft -j list chains": failed("Error: JSON support not compiled-in") },
      "blocks nft: nft was built without JSON",
    ],
    [
      "no privilege",
      { "nft -j list chains": failed("Operation not permitted (you must be root)") },
      "blocks nft: nftables cannot be used: Operation not permitted (you must be root)",
    ],
    ["another arping", { "arping -V": "ARPing 2.23" }, "blocks arping: arping cannot be used: Debian's package arping"],
    [
      "an ip without gbp",
      { "ip link help vxlan": "Usage: ..." },
      "blocks ip: ip cannot be used: it knows no VXLAN group",
    ],
    ["no conntrack", { "conntrack --version": missing }, "blocks conntrack: conntrack is missing"],
    ["no socat", { "socat -V": missing }, "blocks socat: socat is missing"],
  ])("%s", async (_name, answers, expected) => {
    expect((await findings(answers))[0]).toContain(expected);
  });

  function only(program: string, result: CommandResult): Answers {
    return Object.fromEntries(
      Object.keys(fitNode).flatMap((line) => (line.startsWith(`${program} `) ? [[line, result]] : [])),
    );
  }
});

describe("the kernel", () => {
  test.each([
    [
      "egress hook",
      "nft -c add table netdev sallyport_probe",
      "kernel-egress-hook: not so: the kernel has the netdev egress",
    ],
    ["conntrack", "nft -c add table inet sallyport_probe", "kernel-conntrack: not so: rules can see connections"],
  ])("without %s", async (_name, command, expected) => {
    const found = await findings({
      [command]: failed("Error: Could not process rule: Operation not supported\nadd …"),
    });
    expect(found).toContainEqual(expect.stringMatching(`^blocks ${expected}.*Operation not supported\\)$`));
  });

  test("without vxlan", async () => {
    const answers = { "ip link add name sallyport-probe": failed("Error: Unknown device type.", 2) };
    expect(await findings(answers)).toEqual(["blocks kernel-vxlan: the kernel knows no VXLAN devices"]);
  });

  test("nft that crashes on others' objects is a finding, names whose they may be, and what it hides is unknown", async () => {
    const answers = { "nft -c": crashed, "nft -j list chains": { nftables: [chain("ip", "calico", "x")] } };
    const results = await preflight({ interfaceName: null, overlayPort: 4790 }, nodeWith(answers, {}));
    expect(results.flatMap(({ findings }) => findings.map(({ found }) => found))).toEqual([
      "nft crashes when it reads this node's tables, probably at sets that a newer nft wrote: ip calico",
    ]);
    expect(results.find(({ id }) => id === "kernel-nat")?.outcome).toBe("unknown");
  });
});

describe("names and numbers", () => {
  const overlay = (more: object) => ({
    ifname: "egvx",
    linkinfo: { info_kind: "vxlan", info_data: { port: 4790 } },
    ...more,
  });
  const withLink = (...links: readonly object[]) => ({ "ip -j -d link show": [eth0, ...links] });
  const ourTable = {
    nftables: [chain("inet", "sallyport", "pre"), chain("inet", "sallyport", "skeleton_0123456789ab")],
  };
  test.each<[string, Answers, Files, readonly string[]]>([
    ["a table of ours", { "nft -j list chains": ourTable }, {}, []],
    [
      "a table of our name with other chains",
      { "nft -j list chains": { nftables: [chain("inet", "sallyport", "x")] } },
      {},
      ["blocks table-names: a table inet sallyport exists that sallyport did not create"],
    ],
    [
      "an empty table of our name",
      { "nft list table netdev sallyport_gw": "table netdev sallyport_gw { }" },
      {},
      ["blocks table-names: a table netdev sallyport_gw exists that sallyport did not create"],
    ],
    [
      "routes in our table",
      {
        "ip -j -4 route show table 7790": [
          { dst: "default", dev: "wg0" },
          { dst: "default", protocol: "233" },
        ],
      },
      {},
      ["blocks routing-table: routing table 7790 has routes of somebody else: default dev wg0"],
    ],
    [
      "rules with our preferences",
      {
        "ip -j -6 rule show": [
          { priority: 1000, table: "7" },
          { priority: 900, protocol: "233" },
        ],
      },
      {},
      [expect.stringContaining("warns rule-preferences: somebody else has a routing rule with preference 1000")],
    ],
    ["our device", withLink(overlay({ ifalias: "sallyport" })), {}, []],
    ["our device, half-created", withLink(overlay({})), {}, []],
    [
      "a bridge of our device's name",
      withLink({ ifname: "egvx", linkinfo: { info_kind: "bridge" } }),
      {},
      ["blocks overlay-device: a device egvx exists that sallyport did not create"],
    ],
    [
      "another vxlan on our port",
      withLink({ ifname: "vx1", linkinfo: { info_kind: "vxlan", info_data: { port: 4790 } } }),
      {},
      ["blocks overlay-port: device vx1 uses UDP port 4790 already"],
    ],
    [
      "a process on our port",
      {},
      { "/proc/net/udp": "  sl  local_address\n 7: 00000000:12B6 00000000:0000 07" },
      ["blocks overlay-port: a process uses UDP port 4790 already"],
    ],
  ])("%s", async (_name, answers, files, expected) => {
    expect(await findings(answers, files)).toEqual(expected);
  });
});

describe("marks", () => {
  const rule = (priority: number, fwmark: string, fwmask?: string) => ({
    "ip -j -4 rule show": [{ priority, fwmark, ...(fwmask ? { fwmask } : {}), table: "5" }],
  });
  test.each<[string, Answers, "blocks" | "warns" | null]>([
    ["Cilium's 0x200/0xf00 before ours", rule(9, "0x200", "0xf00"), "blocks"],
    ["AWS's 0x80/0x80 behind ours", rule(1024, "0x80", "0x80"), "warns"],
    ["Tailscale's 0x80000/0xff0000: our packets never have it", rule(5210, "0x80000", "0xff0000"), null],
    ["kube-proxy's 0x4000/0x4000", rule(10, "0x4000", "0x4000"), null],
    ["a whole mark: pods' packets have one bit more", rule(10, "0x64"), "warns"],
    ["the bit of all pods' packets", rule(10, "0x100000", "0x100000"), "blocks"],
    ["our tunnel bit alone", rule(10, "0x10000", "0x10000"), "blocks"],
    ["any mark of the gateway", rule(10, "0x20000", "0xf0000"), "blocks"],
    [
      "ours",
      { "ip -j -4 rule show": [{ priority: 1000, fwmark: "0x10000", fwmask: "0x10000", protocol: "233" }] },
      null,
    ],
  ])("a routing rule by %s", async (_name, answers, expected) => {
    const found = (await findings(answers)).filter((line) => line.includes("mark-rules"));
    expect(found.map((line) => line.split(" ")[0])).toEqual(expected === null ? [] : [expected]);
  });

  const set = (value: unknown) => ({ mangle: { key: meta("mark"), value } });
  const keepWithout = (bits: number) => set({ "&": [meta("mark"), ~bits >>> 0] });
  const mangleChain = (prio: number, hook: string) => chain("ip", "other", "c", { hook, prio, policy: "accept" });
  test.each<[string, string, number, readonly object[], string | null]>([
    ["the whole mark at forward", "forward", 0, [set(1)], "blocks"],
    ["the whole mark at forward, of some sources", "forward", 0, [saddr, set(1)], "warns"],
    ["the whole mark of replies", "forward", 0, [established, set(1)], null],
    ["the whole mark of what carries another's bit", "forward", 0, [match(mark(0x4000), 0x4000), set(1)], null],
    ["Felix's bits", "forward", 0, [keepWithout(0xe0000)], "blocks"],
    ["its own high bits", "forward", 0, [keepWithout(0xff000000)], null],
    ["one of kube-proxy's bits", "postrouting", 0, [set({ "|": [meta("mark"), 0x4000] })], null],
    ["one of kube-proxy's bits away", "postrouting", 0, [set({ "^": [meta("mark"), 0x4000] })], null],
    ["the mark kept with the connection", "postrouting", 0, [set({ ct: { key: "mark" } })], "blocks"],
    ["the whole mark before we write ours", "prerouting", -150, [set(1)], null],
    ["the whole mark after we write ours", "prerouting", 0, [set(1)], "blocks"],
    ["the whole mark after we need it", "postrouting", 100, [set(1)], null],
  ])("a chain writes %s", async (_name, hook, prio, expr, expected) => {
    const answers = {
      "nft -j list chains": { nftables: [mangleChain(prio, hook)] },
      "nft -j -t list chain ip other c": rules(expr),
    };
    const found = (await findings(answers)).filter((line) => line.includes("mark-chains"));
    expect(found.map((line) => line.split(" ")[0])).toEqual(expected === null ? [] : [expected]);
  });

  test.each([
    ["with its default mask", "meta mark set mark and 0xfff1ffff", "blocks"],
    ["with a mask of its own", "meta mark set mark and 0xf8ffffff", null],
    ["whose rules cannot be read", "# xt_MARK", "warns"],
  ])("Calico %s", async (_name, text, expected) => {
    const answers = {
      "nft -j list chains": { nftables: [chain("ip", "filter", "cali-FORWARD")] },
      "nft list chain ip filter cali-FORWARD": text,
    };
    expect((await findings(answers)).map((line) => line.split(":")[0])).toEqual(
      expected === null ? [] : [`${expected} mark-calico`],
    );
  });
});

describe("forward chains of others", () => {
  const both = (severity: string, start: string, end = "") => [
    `${severity} forward-passes: ${start} ${TO_OVERLAY}${end}`,
    `${severity} forward-passes: ${start} ${FROM_OVERLAY}${end}`,
  ];
  const unless = ", unless a rule before accepts it";
  const jump = { jump: { target: "SUB" } };
  const SUB = "nft -j -t list chain ip filter SUB";
  test.each<[string, "accept" | "drop", object, Answers, readonly string[]]>([
    ["policy accept", "accept", rules(), {}, []],
    ["policy drop, no rule", "drop", rules(), {}, both("blocks", BY_POLICY)],
    ["policy drop, established accepted", "drop", rules([established, accept]), {}, both("blocks", BY_POLICY)],
    [
      "policy drop, kube-proxy's mark accepted",
      "drop",
      rules([match(mark(0x4000), 0x4000), accept]),
      {},
      both("blocks", BY_POLICY),
    ],
    ["policy drop, some source accepted", "drop", rules([saddr, accept]), {}, both("warns", BY_POLICY, unless)],
    ["policy drop, all accepted", "drop", rules([accept]), {}, []],
    [
      "policy drop, all new accepted in a chain",
      "drop",
      rules([jump]),
      { [SUB]: rules([match({ ct: { key: "state" } }, "new", "in"), accept]) },
      [],
    ],
    [
      "policy drop, some accepted in a chain",
      "drop",
      rules([jump]),
      { [SUB]: rules([saddr, accept]) },
      both("warns", BY_POLICY, unless),
    ],
    ["policy drop, our role bits accepted", "drop", rules([match(mark(0x30000), 0, "!="), accept]), {}, []],
    [
      "policy drop, what leaves by the overlay accepted",
      "drop",
      rules([match(meta("oifname"), "egvx"), accept]),
      {},
      [`blocks forward-passes: ${BY_POLICY} ${FROM_OVERLAY}`],
    ],
    ["a rule drops everything", "accept", rules([drop]), {}, both("blocks", BY_RULE)],
    ["a rule drops invalid packets", "accept", rules([match({ ct: { key: "state" } }, "invalid", "in"), drop]), {}, []],
    ["a rule drops some sources", "accept", rules([saddr, drop]), {}, []],
    [
      "an unknown extension before policy drop",
      "drop",
      rules([{ xt: null }, accept]),
      {},
      both("warns", BY_POLICY, unless),
    ],
    ["chains that jump in circles", "accept", rules([jump]), { [SUB]: rules([jump]) }, []],
  ])("%s", async (_name, policy, listing, answers, expected) => {
    const found = await findings({
      "nft -j list chains": { nftables: [forward(policy), chain("ip", "filter", "SUB")] },
      [FORWARD]: listing,
      ...answers,
    });
    expect(found).toEqual(expected);
  });

  test.each<[string, readonly object[], boolean]>([
    ["by the uplink's name", [match(meta("oifname"), "eth0"), saddr, drop], true],
    ["by a pattern", [match(meta("oifname"), "eth*"), { reject: null }], true],
    ["by a set of names", [match(meta("oifname"), { set: ["wan", "eth0"] }), saddr, drop], true],
    ["by another name", [match(meta("oifname"), "eth1"), drop], false],
    ["everything but the uplink", [match(meta("oifname"), "eth0", "!="), saddr, drop], false],
    ["accepts by the uplink", [match(meta("oifname"), "eth0"), accept], false],
  ])("a rule that drops %s", async (_name, expr, expected) => {
    const found = await findings({ "nft -j list chains": { nftables: [forward("accept")] }, [FORWARD]: rules(expr) });
    expect(found.some((line) => line.startsWith("warns forward-uplink-drops: chain ip filter FORWARD"))).toBe(expected);
  });

  test.each<[string, unknown, string | null]>([
    ["that drop all", "-P FORWARD DROP", "blocks"],
    [
      "that drop all but replies",
      "-P FORWARD DROP\n-A FORWARD -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
      "blocks",
    ],
    ["that drop all but some sources", "-P FORWARD DROP\n-A FORWARD -s 10.244.0.0/16 -j ACCEPT", "warns"],
    ["that accept all by a rule", "-P FORWARD DROP\n-A FORWARD -j ACCEPT", null],
    ["that let all pass", "-P FORWARD ACCEPT", null],
    ["that cannot be read", missing, "warns"],
  ])("legacy iptables %s", async (_name, answer, expected) => {
    const files = { "/proc/net/ip_tables_names": "nat\nfilter\n" };
    const found = await findings({ "iptables-legacy -S FORWARD": answer }, files);
    expect(found.map((line) => line.split(":")[0])).toEqual(expected === null ? [] : [`${expected} forward-legacy`]);
  });
});

describe("settings", () => {
  const conf = (device: string, value: number) => ({ [`/proc/sys/net/ipv4/conf/${device}/rp_filter`]: `${value}\n` });
  const flannel = {
    "ip -j -d link show": [eth0, { ifname: "flannel.1", linkinfo: { info_kind: "vxlan", info_data: { port: 8472 } } }],
    "ip -j -4 route show table main": [
      { dst: "default", dev: "eth0" },
      { dst: "10.10.2.0/24", dev: "flannel.1" },
    ],
  };
  const ra = { "ip -j -6 route show table main": [{ dst: "default", dev: "eth0", protocol: "ra" }] };
  const forwarding6 = { "/proc/sys/net/ipv6/conf/all/forwarding": "1" };
  const STRICT_TUNNEL = "blocks rp-filter: the strict reverse path filter of flannel.1";
  test.each<[string, Answers, Files, string | null, string | null]>([
    [
      "no forwarding",
      {},
      { "/proc/sys/net/ipv4/ip_forward": "0\n" },
      null,
      "blocks ip-forward: this node does not forward",
    ],
    [
      "forwarding of IPv6 alone",
      {},
      { "/proc/sys/net/ipv4/ip_forward": "0\n", "/proc/sys/net/ipv6/conf/all/forwarding": "1\n" },
      null,
      "warns ip-forward: this node forwards IPv6 only",
    ],
    ["a strict tunnel", flannel, conf("flannel.1", 1), null, STRICT_TUNNEL],
    ["a tunnel that is strict because all are", flannel, conf("all", 1), null, STRICT_TUNNEL],
    ["a loose tunnel, though all are strict", flannel, { ...conf("all", 1), ...conf("flannel.1", 2) }, null, null],
    ["a strict uplink that has the default route", {}, conf("eth0", 1), "eth0", null],
    ["a strict uplink beside the default route", {}, conf("eth1", 1), "eth1", "warns rp-filter: eth1 is the underlay"],
    ["IPv6 without forwarding", ra, {}, null, "warns ipv6-forward: this node does not forward IPv6"],
    [
      "an advertised route that forwarding loses",
      ra,
      forwarding6,
      null,
      "warns ipv6-forward: the IPv6 default route of eth0",
    ],
    [
      "an advertised route that is kept",
      ra,
      { ...forwarding6, "/proc/sys/net/ipv6/conf/eth0/accept_ra": "2" },
      null,
      null,
    ],
  ])("%s", async (_name, answers, files, interfaceName, expected) => {
    const found = await findings(answers, files, interfaceName);
    expect(found).toEqual(expected === null ? [] : [expect.stringContaining(expected)]);
  });
});

describe("dataplanes beside netfilter", () => {
  const links = (...more: readonly object[]) => ({ "ip -j -d link show": [eth0, ...more] });
  const programs = (name: string) => ({
    "tc -j filter show dev eth0 ingress": [{ kind: "bpf", options: { bpf_name: name } }],
  });
  test.each<[string, Answers, Files, string]>([
    ["Cilium's devices", links({ ifname: "cilium_host" }), {}, "blocks dataplane: Cilium handles"],
    ["Calico's eBPF devices", links({ ifname: "bpfin.cali" }), {}, "blocks dataplane: Calico's eBPF dataplane handles"],
    [
      "netkit devices",
      links({ ifname: "lxc1", linkinfo: { info_kind: "netkit" } }),
      {},
      "blocks dataplane: an eBPF dataplane",
    ],
    [
      "Cilium's CNI configuration",
      {},
      { "/etc/cni/net.d/05-cilium.conflist": '{"plugins":[{"type": "cilium-cni"}]}' },
      "blocks dataplane: the CNI of this node is Cilium (/etc/cni/net.d/05-cilium.conflist)",
    ],
    [
      "what Cilium left",
      {},
      { "/sys/fs/bpf/tc/globals/cilium_lxc": "" },
      "warns dataplane: the eBPF map cilium_lxc is left",
    ],
    [
      "Cilium's program",
      programs("cil_from_netdev-eth0"),
      {},
      "blocks uplink-programs: the eBPF program cil_from_netdev",
    ],
    ["another's program", programs("meter"), {}, "warns uplink-programs: the eBPF program meter on eth0 may"],
    [
      "XDP",
      { "ip -j -d link show": [{ ...eth0, xdp: { mode: 1 } }] },
      {},
      "warns uplink-programs: an XDP program on eth0 may",
    ],
  ])("%s", async (_name, answers, files, expected) => {
    expect(await findings(answers, files)).toEqual([expect.stringContaining(expected)]);
  });

  test("another CNI, and no tc", async () => {
    const files = { "/etc/cni/net.d/10-flannel.conflist": '{"plugins":[{"type":"flannel"}]}' };
    expect(await findings({ "tc -j filter show": missing }, files)).toEqual([]);
  });
});

test("what can be provoked in a network namespace is found there, and nothing is changed", async () => {
  expect(await runInside("preflight.inside.ts", 30_000)).toEqual({
    fit: [],
    "forwarding off": ["blocks ip-forward"],
    "FORWARD drops": ["blocks forward-passes"],
    "FORWARD drops, replies and pods pass": ["warns forward-passes"],
    "FORWARD drops, everything passes": [],
    "a rule drops by the uplink": ["warns forward-uplink-drops"],
    "a rule clears marks": ["blocks mark-chains"],
    "a foreign table": ["blocks table-names"],
    "a foreign vxlan on our port": ["blocks overlay-port"],
    "a foreign egvx": ["blocks overlay-device"],
    "a strict CNI tunnel": ["blocks rp-filter"],
    "a mark rule": ["blocks mark-rules"],
    "our routing table": ["blocks routing-table"],
    "our preference": ["warns rule-preferences"],
  });
}, 30_000);
