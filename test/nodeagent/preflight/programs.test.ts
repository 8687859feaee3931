// Programs that are needed, and which of that name
import { describe, expect, test } from "vitest";
import type { CommandResult } from "../../../nodeagent/kernel/run.ts";
import { preflight } from "../../../nodeagent/preflight.ts";
import { type Answers, failed, findings, fitNode, missing, nodeWith } from "./node.ts";

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
