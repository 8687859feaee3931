// Forward chains that drop what pods send
import { describe, expect, test } from "vitest";
import {
  type Answers,
  accept,
  BY_POLICY,
  BY_RULE,
  chain,
  drop,
  established,
  FORWARD,
  FROM_OVERLAY,
  findings,
  forward,
  mark,
  match,
  meta,
  missing,
  rules,
  saddr,
  TO_OVERLAY,
} from "./node.ts";

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
