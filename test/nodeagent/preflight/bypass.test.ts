// Dataplanes beside netfilter
import { describe, expect, test } from "vitest";
import { type Answers, eth0, type Files, findings, missing } from "./node.ts";

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
