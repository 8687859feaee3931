// What is done, and in which order, as an operator would read it.
import { describe, expect, test } from "vitest";
import type { Action } from "../../nodeagent/action.ts";
import { GATEWAY_TABLE, GUARD_TABLE, MAIN_TABLE } from "../../nodeagent/constants.ts";
import { diff } from "../../nodeagent/diff/diff.ts";
import type { Link } from "../../nodeagent/kernel/ip.ts";
import type { TableState } from "../../nodeagent/kernel/nft/listing.ts";
import type { ObservedKernel } from "../../nodeagent/observe.ts";
import { type DesiredKernel, render } from "../../nodeagent/render.ts";
import { UnderlayError } from "../../nodeagent/underlay.ts";
import type { NodeState } from "../../policies/nodestate.ts";
import { createFakeNft } from "./fake-nft.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass } from "./states.ts";

const link = (name: string, parts: Partial<Link> = {}): Link => ({
  ...{
    name,
    index: 1,
    mac: "0a:00:00:00:00:01",
    mtu: 1500,
    up: true,
    alias: null,
    kind: null,
    vxlan: null,
    addresses: [],
  },
  ...parts,
});
const address = (ip: string, label: string, prefixLength = 32) => ({ ip, label, prefixLength, metric: null });
const address6 = (ip: string, metric: number | null, prefixLength = 128) => ({ ip, label: "", prefixLength, metric });
const eth0 = link("eth0", { addresses: [address("192.168.1.1", "eth0", 24), address6("fd00:1::1", null, 64)] });
const links = [link("lo", { mtu: 65_536 }), eth0];

const nothing: ObservedKernel = {
  ...{ links, rules: [], routes: [], neighbours: [], forwarding: [] },
  ...{ overlaySettings: new Map(), forwards: [4, 6] },
  ...{ main: null, guard: null, gateway: null },
};

const desire = (state: NodeState, seen: readonly Link[] = links, interfaceName: string | null = null) =>
  render(
    state,
    state.pods.flatMap((each) => each.ips.map((ip) => ({ pod: each, ip, mac: attachment(ip).mac }))),
    seen,
    interfaceName,
  );

/** A kernel that holds exactly what is desired. */
async function settled(desired: DesiredKernel): Promise<ObservedKernel> {
  const nft = createFakeNft();
  const applies = diff(desired, nothing).actions;
  for (const action of applies) {
    if (action.do === "install-table") await nft.install(action.declaration, action.elements);
    if (action.do === "apply") await nft.apply(action.transaction);
  }
  const { overlay } = desired;
  const egvx = link("egvx", {
    ...{ mac: overlay.mac, mtu: overlay.mtu, alias: "sallyport", kind: "vxlan", vxlan: overlay },
    addresses: [address("169.254.77.2", "egvx")],
  });
  const floatingOn = (name: string) =>
    desired.floatingIPs
      .filter(({ device }) => device === name)
      .map(({ ip }) => (ip.includes(":") ? address6(ip, 7790) : address(ip, `${name}:sp`)));
  const nextHops = desired.families.map((family) => (family === 4 ? "169.254.77.1" : "fe80::e9:1"));
  return {
    links: [links[0] as Link, { ...eth0, addresses: [...eth0.addresses, ...floatingOn("eth0")] }, egvx],
    rules: desired.rules,
    routes: desired.families.map((family, index) => ({
      ...{ family, to: "default", via: nextHops[index] ?? null, device: "egvx", protocol: "233" },
    })),
    neighbours: nextHops.map((ip) => ({ ip, mac: "02:e9:ff:ff:ff:ff", permanent: true })),
    forwarding: desired.forwarding,
    overlaySettings: new Map(desired.overlaySettings.map(({ path, value }) => [path, value])),
    forwards: [4, 6],
    main: await nft.list(MAIN_TABLE),
    guard: await nft.list(GUARD_TABLE),
    gateway: await nft.list(GATEWAY_TABLE),
  };
}

const web = podClass("web", [OUTSIDE, 1]);
const source = nodeState(1, {
  gateways: [gateway(1, 2)],
  classes: [web],
  pods: [pod("10.10.1.5", "web"), pod("10.10.1.6", null)],
});
const holder = nodeState(1, { gateways: [gateway(1, 1)], held: [{ ip: "192.168.1.100", id: 1 }], classes: [web] });

const dualStack = nodeState(
  1,
  {
    gateways: [gateway(1, 1), gateway(2, 1)],
    held: [
      { ip: "192.168.1.100", id: 1 },
      { ip: "fd00:1::100", id: 2 },
    ],
    classes: [podClass("web", [OUTSIDE, 1], ["::/0", 2])],
    pods: [pod("10.10.1.5", "web", "fd00:10:1::5")],
  },
  [4, 6],
);

const kinds = (actions: readonly Action[]) => actions.map((action) => action.do);
const forgotten = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.do === "forget-connections" ? [action.filter] : []));
const settlement = (actions: readonly Action[]) =>
  actions.flatMap((action) => (action.do === "settle-connections" ? [action.settlement] : []))[0];
const without = <K, V>(map: ReadonlyMap<K, V>, key: K) => new Map([...map].filter(([each]) => each !== key));
const inMain = (observed: ObservedKernel, change: (main: TableState) => TableState): ObservedKernel => ({
  ...observed,
  main: observed.main && change(observed.main),
});

describe("order", () => {
  test("on an empty node: guard, device, route, rules, tables, and only then the redirection", () => {
    expect(kinds(diff(desire(source), nothing).actions)).toEqual([
      "install-table",
      "create-overlay",
      "settle-overlay",
      "add-address",
      "write-sysctl",
      "write-sysctl",
      "put-forwarding",
      "put-neighbour",
      "put-route",
      "add-rule",
      "add-rule",
      "install-table",
      "install-table",
      "apply",
      "settle-connections",
    ]);
  });

  test("a gateway protects the floating IP, adds it, serves it, and then announces it", async () => {
    const seen = await settled(desire(nodeState(1)));
    expect(kinds(diff(desire(holder), seen).actions)).toEqual(["apply", "add-address", "apply", "announce-address"]);
  });

  test("a gateway that releases: redirects end, connections go, then the address, then what protected it", async () => {
    const seen = await settled(desire(holder));
    const { actions } = diff(desire(nodeState(1)), seen);
    expect(kinds(actions)).toEqual(["apply", "forget-connections", "apply", "delete-address", "apply"]);
    expect(actions[4]?.says).toContain("removed 192.168.1.100 from sallyport/floating");
  });

  test("the pods' elements come before the destinations", () => {
    const last = diff(desire(source), nothing).actions.findLast((action) => action.do === "apply");
    const sets = last?.do === "apply" ? last.transaction.flatMap((step) => ("set" in step ? [step.set] : [])) : [];
    expect(sets.indexOf("pods")).toBeLessThan(sets.indexOf("destinations"));
  });

  test("a chain is deleted in a transaction after the one that leads away from it", async () => {
    const seen = await settled(desire(source));
    const edited = { ...source, classes: [podClass("web", ["198.51.100.7/32", 1])] };
    const [switching, settling, sweeping, ...more] = diff(desire(edited), seen).actions;
    expect(more).toEqual([]);
    expect(settling?.do).toBe("settle-connections");
    const steps = (action: Action | undefined) => (action?.do === "apply" ? action.transaction.map((s) => s.do) : []);
    expect(steps(switching)).toEqual(["put-chain", "delete-elements", "add-elements"]);
    expect(steps(sweeping)).toEqual(["delete-chain"]);
  });
});

describe("repair", () => {
  test("there is nothing to do where everything is in place", async () => {
    for (const state of [source, holder, nodeState(1), dualStack]) {
      expect(diff(desire(state), await settled(desire(state)))).toEqual({ actions: [], conflicts: [] });
    }
  });

  test.each<[string, (seen: ObservedKernel) => ObservedKernel, string[]]>([
    [
      "a pod's element",
      (seen) => inMain(seen, (main) => ({ ...main, sets: new Map([...main.sets, ["pods", new Map()]]) })),
      ["apply"],
    ],
    ["our route", (seen) => ({ ...seen, routes: [] }), ["put-route"]],
    ["the next hop", (seen) => ({ ...seen, neighbours: [] }), ["put-neighbour"]],
    ["one rule", (seen) => ({ ...seen, rules: seen.rules.slice(1) }), ["add-rule"]],
    [
      "the reverse path filter's setting, and whether own addresses may come in",
      (seen) => ({ ...seen, overlaySettings: new Map() }),
      ["write-sysctl", "write-sysctl"],
    ],
    ["a forwarding entry", (seen) => ({ ...seen, forwarding: [] }), ["put-forwarding"]],
    [
      "the device, and with it all that hangs on it",
      (seen) => ({ ...seen, links, forwarding: [], neighbours: [], routes: [], overlaySettings: new Map() }),
      [
        "create-overlay",
        "settle-overlay",
        "add-address",
        "write-sysctl",
        "write-sysctl",
        "put-forwarding",
        "put-neighbour",
        "put-route",
      ],
    ],
  ])("only %s", async (_name, damage, expected) => {
    expect(kinds(diff(desire(source), damage(await settled(desire(source)))).actions)).toEqual(expected);
  });

  test("a foreign rule in our chains: the table is replaced behind the curtain", async () => {
    const seen = inMain(await settled(desire(source)), (main) => ({
      ...main,
      chains: new Map([...main.chains, ["pre", { hook: "filter prerouting -90", rules: [""] }]]),
    }));
    const { actions } = diff(desire(source), seen);
    expect(actions.map(({ says }) => says[0])).toEqual([
      "raised the curtain while the main table is replaced",
      "installed table inet sallyport: chain pre was changed by somebody else",
      "added chain id_1: egress id 1: to the gateway",
      "lowered the curtain",
    ]);
  });

  test("a curtain that was left standing is lowered", async () => {
    const seen = await settled(desire(source));
    const curtain = { hook: "filter forward 305", rules: [] };
    const guard = seen.guard && { ...seen.guard, chains: new Map([...seen.guard.chains, ["curtain", curtain]]) };
    expect(diff(desire(source), { ...seen, guard }).actions.map(({ says }) => says)).toEqual([["lowered the curtain"]]);
  });

  test("a foreign rule with our protocol number and a foreign forwarding entry are removed", async () => {
    const seen = await settled(desire(source));
    const rule = { ...(seen.rules[0] as (typeof seen.rules)[0]), preference: 77 };
    const entry = { mac: "02:e9:00:00:00:07", underlayIP: "192.168.1.7" };
    const dirty = { ...seen, rules: [...seen.rules, rule], forwarding: [...seen.forwarding, entry] };
    expect(kinds(diff(desire(source), dirty).actions)).toEqual(["delete-rule", "delete-forwarding"]);
  });
});

describe("IPv6", () => {
  test("has rules, a route and a next hop of its own, and its floating IP is added, served and announced", () => {
    const { actions } = diff(desire(dualStack), nothing);
    const ofIPv6 = actions.filter((action) => ("family" in action ? action.family === 6 : false));
    expect(kinds(ofIPv6)).toEqual(["put-neighbour", "put-route"]);
    expect(actions.filter((action) => action.do === "add-rule").map(({ rule }) => rule.family)).toEqual([4, 4, 6, 6]);
    expect(actions.filter((action) => action.do === "write-sysctl").map(({ path }) => path)).toContain(
      "ipv6/conf/egvx/disable_ipv6",
    );
    expect(actions).toContainEqual(
      expect.objectContaining({ do: "add-address", ip: "fd00:1::100", device: "eth0", mark: { metric: 7790 } }),
    );
    expect(actions.at(-1)).toMatchObject({ do: "announce-address", ip: "fd00:1::100", mac: eth0.mac });
  });

  test("goes without a trace when the state no longer names it", async () => {
    const { actions } = diff(desire(nodeState(1)), await settled(desire(dualStack)));
    expect(actions.filter(({ do: what }) => /^delete-r/.test(what)).map(({ says }) => says[0])).toEqual([
      "deleted rule IPv6 900: iif lo fwmark 0x10000/0x10000 lookup main",
      "deleted rule IPv6 1000: fwmark 0x10000/0x10000 lookup 7790",
      "deleted the IPv6 route of the overlay",
    ]);
    expect(actions).toContainEqual(expect.objectContaining({ do: "delete-address", ip: "fd00:1::100" }));
    expect(forgotten(actions)).toEqual([{ egressId: 1 }, { egressId: 2 }]);
    expect(settlement(actions)?.pods).toContainEqual(expect.objectContaining({ ip: "fd00:10:1::5", rules: "gone" }));
  });

  test("only what is missing is put back", async () => {
    const seen = await settled(desire(dualStack));
    const of4 = <T extends { family: 4 | 6 }>(all: readonly T[]) => all.filter(({ family }) => family === 4);
    expect(kinds(diff(desire(dualStack), { ...seen, routes: of4(seen.routes) }).actions)).toEqual(["put-route"]);
    expect(kinds(diff(desire(dualStack), { ...seen, rules: of4(seen.rules) }).actions)).toEqual([
      "add-rule",
      "add-rule",
    ]);
  });

  test.each([
    ["without our metric", address6("fd00:1::100", null)],
    ["with it, but with a subnet", address6("fd00:1::100", 7790, 64)],
  ])("an address that is there %s is neither taken over nor removed", (_name, foreign) => {
    const taken = [links[0] as Link, { ...eth0, addresses: [...eth0.addresses, foreign] }];
    const { actions, conflicts } = diff(desire(dualStack), { ...nothing, links: taken });
    expect(conflicts).toEqual(["fd00:1::100 is on eth0 already, and not by sallyport"]);
    expect(actions.flatMap((action) => ("ip" in action && action.ip === "fd00:1::100" ? [action.do] : []))).toEqual([]);
  });

  test("is not forwarded here: said with its cure, and the node's setting is left alone", () => {
    const { actions, conflicts } = diff(desire(dualStack), { ...nothing, forwards: [4] });
    expect(conflicts).toEqual([expect.stringMatching(/^this node does not forward IPv6: .*accept_ra to 2/)]);
    expect(actions.filter((action) => action.do === "write-sysctl").map(({ path }) => path)).toEqual([
      "ipv4/conf/egvx/rp_filter",
      "ipv4/conf/egvx/accept_local",
      "ipv6/conf/egvx/disable_ipv6",
    ]);
  });
});

describe("somebody else's objects", () => {
  test("a device of our name that is not ours stops everything", () => {
    const seen = { ...nothing, links: [...links, link("egvx", { kind: "bridge" })] };
    expect(diff(desire(source), seen)).toEqual({
      actions: [],
      conflicts: ["a device egvx exists that sallyport did not create"],
    });
  });

  test("a floating IP that is there without our label is neither taken over nor removed", async () => {
    const taken = [links[0] as Link, { ...eth0, addresses: [...eth0.addresses, address("192.168.1.100", "eth0")] }];
    const { actions, conflicts } = diff(desire(holder), { ...nothing, links: taken });
    expect(conflicts).toEqual(["192.168.1.100 is on eth0 already, and not by sallyport"]);
    expect(actions.flatMap((action) => ("ip" in action && action.ip === "192.168.1.100" ? [action.do] : []))).toEqual(
      [],
    );
  });
});

describe("connections that are judged", () => {
  const two = nodeState(1, {
    gateways: [gateway(1, 2), gateway(2, 2)],
    classes: [podClass("a", [OUTSIDE, 1]), podClass("b", [OUTSIDE, 2])],
    pods: [pod("10.10.1.5", "a"), pod("10.10.1.6", "b")],
  });
  /** By pod: former rules and rules from now on. */
  const judged = (before: ObservedKernel, after: NodeState) =>
    (settlement(diff(desire(after), before).actions)?.pods ?? []).map(({ ip, formerRules, rules }) => {
      const words = (each: typeof rules) =>
        typeof each === "string" ? each : each.map(({ id, policy }) => `${policy} ${id}`).join() || "none";
      return `${ip}: ${words(formerRules)} -> ${words(rules)}`;
    });
  const [onlyA] = two.classes;

  test.each<[string, NodeState, NodeState, string[]]>([
    ["nothing changed: none", two, two, []],
    ["a pod is gone: its own", two, { ...two, pods: two.pods.slice(1) }, ["10.10.1.5: a 1 -> gone"]],
    [
      "a pod changed its class: its own",
      two,
      { ...two, pods: [pod("10.10.1.5", "b"), pod("10.10.1.6", "b")] },
      ["10.10.1.5: a 1 -> b 2"],
    ],
    [
      "a pod became selected: its own",
      { ...two, pods: [pod("10.10.1.5", null)] },
      { ...two, pods: [pod("10.10.1.5", "a")] },
      ["10.10.1.5: none -> a 1"],
    ],
    [
      "a policy is gone: those of its pods",
      two,
      { ...two, classes: onlyA ? [onlyA] : [], pods: [pod("10.10.1.5", "a"), pod("10.10.1.6", null)] },
      ["10.10.1.6: b 2 -> none"],
    ],
    ["its gateway moved to another node: none", two, { ...two, gateways: [gateway(1, 1), gateway(2, 2)].slice(1) }, []],
    ["another pod starts: none", { ...two, pods: two.pods.slice(1) }, two, []],
  ])("%s", async (_name, before, after, expected) => {
    expect(judged(await settled(desire(before)), after)).toEqual(expected);
  });

  test("a pod whose MAC address is not known any more is not taken for gone", async () => {
    const desired = desire(two);
    const forgetful = render({ ...two, classes: two.classes.slice(1) }, [], links, null);
    const pods = settlement(diff(forgetful, await settled(desired)).actions)?.pods;
    expect(pods?.map(({ rules }) => rules)).toEqual(["unknown", "unknown"]);
  });

  test("an id that nobody uses any more: also those of pods that are not known; not where others send through here", async () => {
    const unused = { ...two, classes: onlyA ? [onlyA] : [], pods: [pod("10.10.1.5", "a")] };
    expect(settlement(diff(desire(unused), await settled(desire(two))).actions)?.vanishedIds).toEqual([2]);
    const held = [{ ip: "192.168.1.101", id: 2 }];
    const { actions } = diff(desire({ ...unused, held }), await settled(desire({ ...two, held })));
    expect(settlement(actions)?.vanishedIds).toEqual([]);
  });

  test("on a node without our tables: those of selected pods", () => {
    expect(judged(nothing, source)).toEqual(["10.10.1.5: none -> web 1"]);
  });

  test("a pass cut short before judging is made up for: a class nobody uses still stands", async () => {
    const edited = { ...two, classes: [podClass("a", [OUTSIDE, 2]), podClass("b", [OUTSIDE, 2])] };
    const orphan = { hook: null, rules: [`${OUTSIDE} -> 1 a`] };
    const seen = inMain(await settled(desire(edited)), (main) => ({
      ...main,
      chains: new Map([...main.chains, ["class_old", orphan]]),
    }));
    expect(judged(seen, edited)).toEqual(["10.10.1.5: a 2,b 2,a 1 -> a 2", "10.10.1.6: a 2,b 2,a 1 -> b 2"]);
  });

  test("what ended is led to its end before it is marked so, and stays led there", async () => {
    const seen = inMain(await settled(desire(two)), (main) => ({
      ...main,
      sets: new Map([...main.sets, ["ids", new Map([...(desire(two).main.sets.get("ids") ?? [])])]]),
    }));
    const [switching] = diff(desire({ ...two, pods: two.pods.slice(1) }), seen).actions;
    expect(switching?.says).toContain("added 65537 (goto ended) to sallyport/ids");
    const ended = inMain(seen, (main) => ({
      ...main,
      sets: new Map([...main.sets, ["ids", new Map([...(main.sets.get("ids") ?? []), ["65537", "goto ended"]])]]),
    }));
    expect(diff(desire(two), ended).actions).toEqual([]);
  });

  test("the way to the server is taken down after connections were ended", async () => {
    const { actions } = diff(desire({ ...two, classes: [], gateways: [], pods: [] }), await settled(desire(two)));
    const at = (words: string) => actions.findIndex(({ says }) => says.some((each) => each.startsWith(words)));
    const settling = kinds(actions).indexOf("settle-connections");
    for (const words of ["removed 1 (02:e9:00:00:00:02) from sallyport_gw/gateways", "removed 1 (goto id_1)"]) {
      expect(at(words)).toBeGreaterThan(settling);
    }
  });
});

describe("connections whose NAT is decided anew", () => {
  test.each<[string, NodeState, NodeState, object[]]>([
    ["nothing changed: none", source, source, []],
    ["its gateway moved to another node: none", source, { ...source, gateways: [] }, []],
    [
      "this node becomes the gateway: those of its own pods",
      source,
      { ...source, gateways: [gateway(1, 1)], held: [{ ip: "192.168.1.100", id: 1 }] },
      [{ source: "10.10.1.5", egressId: 1 }],
    ],
    [
      "this node releases a floating IP: all under its id",
      holder,
      { ...holder, held: [], gateways: [gateway(1, 2)] },
      [{ egressId: 1 }],
    ],
  ])("%s", async (_name, before, after, expected) => {
    expect(forgotten(diff(desire(after), await settled(desire(before))).actions)).toEqual(expected);
  });

  test("of an earlier version, whose entries have no zones: before packets pass again", async () => {
    const seen = inMain(await settled(desire(holder)), (main) => ({ ...main, sets: without(main.sets, "zones") }));
    const { actions } = diff(desire(holder), seen);
    const install = kinds(actions).indexOf("install-table");
    expect(actions[install + 1]).toMatchObject({ do: "forget-connections", filter: { egressId: 1 } });
  });
});

describe("rendering", () => {
  test("devices that pods do not send through: loopback, underlay, physical ones, tunnels", () => {
    const more = [
      link("eth1"),
      link("flannel.1", { kind: "vxlan" }),
      link("veth1", { kind: "veth" }),
      link("cni0", { kind: "bridge" }),
    ];
    const uplinks = desire(source, [...links, ...more]).main.sets.get("uplinks");
    expect([...(uplinks?.keys() ?? [])]).toEqual(["lo", "eth0", "eth1", "flannel.1"]);
  });

  test("an IPv6 underlay: larger headers, so a smaller MTU, and all outer packets are IPv6", () => {
    const { overlay, forwarding, main } = desire(nodeState(1, { gateways: [gateway(1, 2, 6)] }, [6]));
    expect(overlay).toMatchObject({ local: "fd00:1::1", mtu: 1_430 });
    expect(forwarding).toEqual([{ mac: "02:e9:00:00:00:02", underlayIP: "fd00:1::2" }]);
    expect([...(main.sets.get("nodes6")?.keys() ?? [])]).toEqual(["fd00:1::1", "fd00:1::2"]);
    expect(main.sets.get("nodes")?.size).toBe(0);
  });

  test("a floating IP goes to the device that is in its subnet, else to the underlay", () => {
    const eth1 = link("eth1", {
      mac: "0a:00:00:00:00:02",
      addresses: [address("10.0.0.1", "eth1", 24), address6("fd00:2::1", null, 64)],
    });
    const ips = ["192.168.1.100", "10.0.0.100", "203.0.113.9", "fd00:1::100", "fd00:2::100"];
    const state = nodeState(1, { held: ips.map((ip, index) => ({ ip, id: index + 1 })) }, [4, 6]);
    const { floatingIPs } = desire(state, [...links, eth1]);
    expect(floatingIPs.map(({ ip, device }) => [ip, device])).toEqual([
      ["192.168.1.100", "eth0"],
      ["10.0.0.100", "eth1"],
      ["203.0.113.9", "eth0"],
      ["fd00:1::100", "eth0"],
      ["fd00:2::100", "eth1"],
    ]);
    expect(floatingIPs[1]?.mac).toBe(eth1.mac);
  });

  test("classes with the same rules share a chain; an unselected pod is known", () => {
    const state = {
      ...source,
      classes: [web, { ...web, key: "other" }],
      pods: [...source.pods, pod("10.10.1.7", "other")],
    };
    const pods = desire(state).main.sets.get("pods") ?? new Map();
    const chain = pods.get(`10.10.1.5 . ${attachment("10.10.1.5").mac}`);
    expect(chain).toMatch(/^goto class_/);
    expect(pods.get(`10.10.1.7 . ${attachment("10.10.1.7").mac}`)).toBe(chain);
    expect(pods.get(`10.10.1.6 . ${attachment("10.10.1.6").mac}`)).toBe("return");
  });

  test("an id without a gateway, or whose gateway is another node, has the tunnel's mark, our own that of SNAT", () => {
    const first = (state: NodeState) => desire(state).main.chains.get("id_1")?.[0]?.comment;
    expect(first({ ...source, gateways: [] })).toBe("egress id 1: to the gateway");
    expect(first(source)).toBe("egress id 1: to the gateway");
    expect(first(holder)).toBe("egress id 1: SNAT here");
  });

  test.each([
    [
      "no interface carries the node's address",
      [link("eth0")],
      null,
      "no interface carries this node's address 192.168.1.1",
    ],
    ["the named interface does not exist", links, "eth9", "interface eth9 does not exist"],
    ["no room for the label", [link("enp130s0f1np01")], "enp130s0f1np01", "is longer than 12 characters"],
  ])("says so when %s", (_name, seen, interfaceName, expected) => {
    const act = () => desire(source, seen, interfaceName);
    expect(act).toThrow(UnderlayError);
    expect(act).toThrow(expected);
  });

  test("missing sets are noticed", async () => {
    const seen = inMain(await settled(desire(source)), (main) => ({ ...main, sets: without(main.sets, "nodes") }));
    expect(diff(desire(source), seen).actions.flatMap(({ says }) => says)).toContain(
      "installed table inet sallyport: set nodes is missing",
    );
  });
});
