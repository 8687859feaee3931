// What the kernel can do
import { describe, expect, test } from "vitest";
import { preflight } from "../../../nodeagent/preflight.ts";
import { chain, crashed, failed, findings, nodeWith } from "./node.ts";

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
