// What other nodes send to this one: input chains, and the neighbour tables
import { describe, expect, test } from "vitest";
import { accept, chain, drop, established, findings, match, meta, rules, saddr } from "./node.ts";

const INPUT = "nft -j -t list chain ip filter INPUT";
const input = (policy: string) => chain("ip", "filter", "INPUT", { type: "filter", hook: "input", prio: 0, policy });
const dport = (right: unknown, protocol = "udp") => match({ payload: { protocol, field: "dport" } }, right);
const isUdp = match(meta("l4proto"), "udp");
const OVERLAY = "the overlay's packets (UDP port 4790)";
const AGENTS = "what agents of other nodes say (UDP port 7791)";

describe("an input chain that", () => {
  test.each<[string, "accept" | "drop", readonly (readonly object[])[], readonly string[]]>([
    ["lets everything pass", "accept", [], []],
    ["drops all but replies", "drop", [[established, accept]], [`blocks ${OVERLAY}`, `blocks ${AGENTS}`]],
    ["accepts the overlay only", "drop", [[isUdp, dport(4790), accept]], [`blocks ${AGENTS}`]],
    ["accepts both by a set", "drop", [[dport({ set: [4790, { range: [7790, 7791] }] }), accept]], []],
    ["accepts TCP", "drop", [[dport(4790, "tcp"), accept]], [`blocks ${OVERLAY}`, `blocks ${AGENTS}`]],
    ["accepts some sources", "drop", [[saddr, accept]], [`warns ${OVERLAY}`, `warns ${AGENTS}`]],
    ["accepts by the uplink's name", "drop", [[match(meta("iifname"), "eth0"), accept]], []],
    ["drops our port by a rule", "accept", [[dport(7791), drop]], [`blocks ${AGENTS}`]],
    ["drops another port by a rule", "accept", [[dport(7946), drop]], []],
    ["drops whatever is not UDP", "accept", [[match(meta("l4proto"), "udp", "!="), drop]], []],
  ])("%s", async (_name, policy, exprs, expected) => {
    const found = await findings({ "nft -j list chains": { nftables: [input(policy)] }, [INPUT]: rules(...exprs) });
    expect(
      found.map((line) => line.replace(/input-passes: .* drops by (its policy|a rule) /, "").replace(/, unless.*/, "")),
    ).toEqual(expected);
  });
});

describe("the table of neighbours", () => {
  const entries = (count: number) => Array.from({ length: count }, () => ({ dst: "10.0.0.1" }));
  const files = { "/proc/sys/net/ipv4/neigh/default/gc_thresh3": "1024\n" };
  test.each([
    ["with room", 800, false],
    ["that is nearly full", 820, true],
  ])("%s", async (_name, count, isFound) => {
    const found = await findings({ "ip -j -4 neigh show": entries(count) }, files);
    const expected = `warns neighbours: the table of IPv4 neighbours has ${count} of at most 1024 entries`;
    expect(found).toEqual(isFound ? [expect.stringContaining(expected)] : []);
  });
});
