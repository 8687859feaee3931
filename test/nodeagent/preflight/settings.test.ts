// Settings of the kernel
import { describe, expect, test } from "vitest";
import { type Answers, eth0, type Files, findings } from "./node.ts";

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
