// Names and numbers that somebody else uses
import { describe, expect, test } from "vitest";
import { type Answers, chain, eth0, type Files, findings } from "./node.ts";

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
