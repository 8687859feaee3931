// Who changed what is ours: what the monitors print, what we wrote ourselves, and the agent's loop with the real kernel.
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { Kernel } from "../../nodeagent/kernel/kernel.ts";
import { concernsOurs } from "../../nodeagent/watch/ip-events.ts";
import { createNftEventReader } from "../../nodeagent/watch/nft-events.ts";
import { noteOwnWrites } from "../../nodeagent/watch/own-writes.ts";
import { createThrottle } from "../../nodeagent/watch/throttle.ts";
import { runInside } from "./private.ts";

const BY_NFT = "# new generation 5 by process 4567 (nft)";

test.each<[string, readonly string[], readonly (string | null)[]]>([
  [
    "an element of ours",
    ["delete element inet sallyport pods { 10.0.0.1 . 02:00:00:00:00:01 : return }", BY_NFT],
    ["process 4567 (nft)"],
  ],
  ["a table of ours", ["delete table netdev sallyport_gw", BY_NFT], ["process 4567 (nft)"]],
  [
    "several objects, one transaction",
    ["add table ip x", "add rule inet sallyport pre accept", "delete chain inet sallyport_guard late", BY_NFT],
    ["process 4567 (nft)"],
  ],
  [
    "a name with a bracket",
    ["add table inet sallyport", "# new generation 6 by process 9 (a (b))"],
    ["process 9 (a (b))"],
  ],
  ["others' tables", ["add table ip kube-proxy", "add element ip sallyports s { 1.2.3.4 }", BY_NFT], []],
  ["others' sets of our name", ["add set ip other sallyport { typeof ip saddr; }", BY_NFT], []],
  ["one of ours, then others'", ["add table inet sallyport", BY_NFT, "add table ip x", BY_NFT], ["process 4567 (nft)"]],
  ["lost events", ["# ERROR: We lost some netlink events!"], [null]],
  ["not finished", ["add table inet sallyport"], []],
])("nft monitor: %s", (_name, lines, expected) => {
  const seen: (string | null)[] = [];
  const read = createNftEventReader((who) => seen.push(who));
  for (const line of lines) read(line);
  expect(seen).toEqual(expected);
});

test.each([
  ["Deleted 1000:\tfrom all fwmark 0x10000/0x10000 lookup 7790 proto 233", true],
  ["Deleted default via 169.254.77.1 dev egvx table 7790 proto 233 onlink ", true],
  ["Deleted 4: eth0    inet 192.168.1.100/32 scope global eth0:sp", true],
  ["Deleted 4: eth0    inet6 2001:db8::1/128 metric 7790 scope global ", true],
  ["2: egvx: <BROADCAST,MULTICAST> mtu 1300 qdisc noop state DOWN group default ", true],
  ["Deleted 169.254.77.1 dev egvx FAILED ", true],
  ["Deleted 127.0.0.2 dev egvx lladdr 02:e9:00:00:00:02 NOARP PERMANENT ", true],
  ["inet egvx rp_filter strict ", true],
  ["inet all forwarding off ", true],
  ["inet6 all forwarding off ", true],
  ["inet eth0 forwarding off ", false],
  ["4: eth0    inet 192.168.1.7/24 scope global eth0", false],
  ["10.8.0.7 dev eth0 scope link ", false],
  ["2: egvx1: <BROADCAST> mtu 1500", false],
  ["default via 10.0.0.1 dev eth0 metric 77901 ", false],
  ["10.0.0.1 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE", false],
  ["       valid_lft forever preferred_lft forever", false],
])("ip monitor: %s: %s", (line, expected) => {
  expect(concernsOurs(line)).toBe(expected);
});

describe("own writes", () => {
  let nowMs = 0;
  let settle: { resolve: () => void; reject: (error: Error) => void };
  const write = () =>
    new Promise<void>((resolve, reject) => {
      settle = { resolve, reject };
    });
  const kernel = { nft: { apply: write, list: write }, ip: { addRule: write, look: write } } as unknown as Kernel;
  const note = () => noteOwnWrites(kernel, () => nowMs);

  test("each transaction explains one generation, whose news may come before it is done", async () => {
    const own = note();
    expect(own.claimTransaction()).toBe(false);
    const applied = own.kernel.nft.apply([]);
    expect(own.claimTransaction()).toBe(true);
    expect(own.claimTransaction()).toBe(false);
    settle.resolve();
    await applied;
    expect(own.claimTransaction()).toBe(false);
  });

  test("a transaction that failed explains nothing, nor one whose news never came", async () => {
    const own = note();
    const failed = own.kernel.nft.apply([]);
    settle.reject(new Error("File exists"));
    await expect(failed).rejects.toThrow("File exists");
    expect(own.claimTransaction()).toBe(false);
    const silent = own.kernel.nft.apply([]);
    settle.resolve();
    await silent;
    nowMs += 1_000;
    expect(own.claimTransaction()).toBe(false);
  });

  test("reads explain nothing", () => {
    const own = note();
    own.kernel.ip.look("egvx", "7790");
    own.kernel.nft.list({ family: "inet", name: "sallyport" });
    expect(own.claimTransaction()).toBe(false);
    expect(own.isWritingOther()).toBe(false);
  });

  test("other writes are open until their news must have come", async () => {
    const own = note();
    const added = own.kernel.ip.addRule({} as never);
    expect(own.isWritingOther()).toBe(true);
    settle.resolve();
    await added;
    expect(own.isWritingOther()).toBe(true);
    nowMs += 1_000;
    expect(own.isWritingOther()).toBe(false);
  });
});

describe("a throttle", () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  test("works at once, then once in an interval however often it is asked, and loses nothing", () => {
    let runs = 0;
    const throttle = createThrottle(250, () => {
      runs += 1;
    });
    throttle.request();
    expect(runs).toBe(1);
    for (let i = 0; i < 100; i += 1) throttle.request();
    expect(runs).toBe(1);
    vi.advanceTimersByTime(250);
    expect(runs).toBe(2);
    vi.advanceTimersByTime(10_000);
    expect(runs).toBe(2);
    throttle.request();
    expect(runs).toBe(3);
  });
});

interface Repair {
  readonly changes: readonly string[];
  readonly afterMs: number;
}

interface Outcome {
  readonly repairs: Readonly<Record<string, Repair>>;
  readonly looks: { readonly quiet: number; readonly own: number; readonly storm: number };
  readonly monitors: readonly { readonly command: string; readonly rssMB: number }[];
  readonly afterRestart: Repair;
  readonly left: number;
}

describe("the agent's loop with the real kernel", () => {
  let outcome: Outcome;
  beforeAll(async () => {
    outcome = await runInside("watch.inside.ts", 50_000);
  });

  const NFT = /^repaired what was changed by process \d+ \(nft\)$/;
  const SOMEBODY = /^repaired what was changed by somebody else$/;
  const harms: readonly (readonly [harm: string, who: RegExp, change: RegExp])[] = [
    ["element", NFT, /^added 10\.10\.1\.5 .* to sallyport\/pods$/],
    ["ruleset", NFT, /^installed table inet sallyport: chain classify was changed/],
    ["rule", NFT, /^installed table inet sallyport: chain pre was changed/],
    ["guard", NFT, /^installed table inet sallyport_guard: it is missing$/],
    ["gateways", NFT, /^added 1 \(02:e9:00:00:00:02\) to sallyport_gw\/gateways$/],
    ["everything", NFT, /^installed table netdev sallyport_gw: it is missing$/],
    ["address", SOMEBODY, /^added floating address 192\.168\.1\.100 to eth0$/],
    ["route", SOMEBODY, /^added route via 169\.254\.77\.1 dev egvx$/],
    ["routingRule", SOMEBODY, /^added rule 1000: fwmark/],
    ["neighbour", SOMEBODY, /^added neighbour 169\.254\.77\.1$/],
    ["forwarding", SOMEBODY, /^forwarding entry 02:e9:00:00:00:02 now leads to 192\.168\.1\.2$/],
    ["device", SOMEBODY, /^created device egvx$/],
    ["down", SOMEBODY, /^set egvx up/],
    ["reversePathFilter", SOMEBODY, /rp_filter/],
  ];

  test.each(harms)("%s: repaired within two seconds", (harm, _who, change) => {
    expect(outcome.repairs[harm]?.changes).toContainEqual(expect.stringMatching(change));
    expect(outcome.repairs[harm]?.afterMs).toBeLessThan(2_000);
  });

  test("the report says who did it, but for harm that a pass under way or the regular check meets by chance", () => {
    const named = harms.filter(([harm, who]) => who.test(outcome.repairs[harm]?.changes[0] ?? ""));
    expect(named.length).toBeGreaterThanOrEqual(harms.length - 3);
  });

  test("120 changes of what is not ours cause no work", () => {
    expect(outcome.looks.quiet).toBeLessThanOrEqual(2);
  });

  test("own writes cause one pass, and one look after those whose author is not told", () => {
    expect(outcome.looks.own).toBeLessThanOrEqual(6);
  });

  test("40 changes of what is ours in a row are taken together", () => {
    expect(outcome.looks.storm).toBeLessThanOrEqual(30);
  });

  test("monitors that were killed run again, and nothing is left of them when the agent stops", () => {
    expect(outcome.afterRestart.changes).toContainEqual(expect.stringMatching(/^added rule 1000/));
    expect(outcome.left).toBe(0);
  });
});
