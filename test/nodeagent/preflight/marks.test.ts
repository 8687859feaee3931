// Marks that somebody else reads or writes
import { describe, expect, test } from "vitest";
import { type Answers, chain, established, findings, mark, match, meta, rules, saddr } from "./node.ts";

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
