// What comes in from outside: signals, files of the CNI cache, prefixes.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import {
  isCanonicalAddress,
  isCanonicalPrefix,
  isInPrefix,
  outermostPrefixes,
  parseAddress,
} from "../../nodeagent/addresses.ts";
import { createBackoff } from "../../nodeagent/backoff.ts";
import { coalesce } from "../../nodeagent/coalesce.ts";
import { openCniCache } from "../../nodeagent/pods/cni-cache.ts";
import { parseCacheEntry } from "../../nodeagent/pods/cni-entry.ts";
import { matchPods } from "../../nodeagent/pods/match.ts";
import { parseSignal } from "../../nodeagent/shape.ts";
import { openStateFile } from "../../nodeagent/state-file.ts";
import { formatAddress, formatPrefix, prefixOf } from "../../policies/addresses.ts";
import type { PortBlock } from "../../policies/nodestate.ts";
import { attachment, gateway, nodeState, OUTSIDE, pod, podClass, signal } from "./states.ts";

const good = nodeState(1, {
  held: [{ ip: "192.168.1.100", id: 1 }],
  gateways: [gateway(1, 1)],
  classes: [podClass("web", [OUTSIDE, 1])],
  pods: [pod("10.10.1.5", "web"), { ...pod("10.10.1.6", null), ips: [] }],
});

const peer = { node: "worker2", ip: "192.168.1.2", publicKey: "A".repeat(43) };
const leased = {
  ip: "192.168.1.100",
  id: 1,
  candidates: ["worker1", "worker2"],
  holder: { node: "worker1", epoch: 3 },
};
const lease = {
  addresses: [leased],
  nodes: [{ node: "worker2", underlayIP: "192.168.1.2", mac: "02:e9:00:00:00:02" }],
  floatingIPs: ["192.168.1.100"],
  gatewayMacs: ["0a:00:00:00:00:01"],
  witnesses: { version: 1, members: ["worker1#0a1b"] },
  targetWitnesses: null,
  peers: [peer],
};

describe("a signal at the door", () => {
  const parse = (state: unknown, generation: unknown = 1) =>
    parseSignal(JSON.stringify({ generation, hash: "h", state }), "worker1");

  const dualStack = nodeState(
    1,
    {
      held: [{ ip: "fd00:1::100", id: 2 }],
      classes: [podClass("web", ["::/0", 2], ["2001:db8::/32", 2], ["::ffff:10.0.0.0/104", 2])],
      pods: [pod("10.10.1.5", "web", "fd00:10:1::5")],
    },
    [4, 6],
  );

  test.each([
    ["IPv4", good],
    ["both families", dualStack],
    ["an IPv6 underlay", nodeState(1, { gateways: [gateway(1, 2, 6)] }, [6])],
    ["with a lease", { ...good, lease }],
  ])("is accepted when it is as agreed: %s", (_name, state) => {
    expect(parseSignal(JSON.stringify(signal(state)), "worker1")).toEqual(signal(state));
  });

  test.each([
    ["another node's", { ...good, node: "worker2" }, "it is for node worker2"],
    ["no state", null, "signal.state is not an object"],
    ["a list missing", { ...good, pods: undefined }, "signal.state.pods is not a list"],
    [
      "an address with a command",
      { ...good, nodeIPs: ["1.2.3.4; reboot"] },
      "signal.state.nodeIPs[0] is not an address",
    ],
    [
      "an address with an octal part",
      { ...good, nodeIPs: ["10.0.0.010"] },
      "signal.state.nodeIPs[0] is not an address",
    ],
    ["IPv6 in capitals", { ...good, nodeIPs: ["FD00::1"] }, "signal.state.nodeIPs[0] is not an address"],
    ["IPv6 with zeros written out", { ...good, nodeIPs: ["fd00:0::1"] }, "signal.state.nodeIPs[0] is not an address"],
    ["IPv6 with a zone", { ...good, nodeIPs: ["fe80::1%eth0"] }, "signal.state.nodeIPs[0] is not an address"],
    ["IPv6 host bits", { ...good, podCIDRs: ["fd00::1/64"] }, "signal.state.podCIDRs[0] is not a prefix"],
    ["a length of 129", { ...good, podCIDRs: ["fd00::/129"] }, "signal.state.podCIDRs[0] is not a prefix"],
    [
      "two addresses of one family",
      { ...good, pods: [pod("10.10.1.5", null, "10.10.1.6")] },
      "signal.state.pods[0].ips has two addresses of one family",
    ],
    ["host bits", { ...good, destinations: ["10.0.0.1/8"] }, "signal.state.destinations[0] is not a prefix"],
    ["a length of 33", { ...good, podCIDRs: ["10.0.0.0/33"] }, "signal.state.podCIDRs[0] is not a prefix"],
    [
      "an id beyond 14 bits",
      { ...good, held: [{ ip: "192.168.1.9", id: 16384 }] },
      "signal.state.held[0].id is not an integer",
    ],
    ["id 0", { ...good, gateways: [{ ...gateway(1, 1), id: 0 }] }, "signal.state.gateways[0].id is not an integer"],
    ["a MAC address in capitals", { ...good, mac: "02:E9:00:00:00:01" }, "signal.state.mac is not a MAC address"],
    [
      "a name with a line break",
      { ...good, pods: [{ ...pod("10.10.1.5", null), name: "a\nb" }] },
      "signal.state.pods[0].name is not a name",
    ],
    [
      "a class it does not describe",
      { ...good, classes: [] },
      "pod default/pod-10-10-1-5 has a class that the signal does not describe",
    ],
    ["one id twice", { ...good, gateways: [gateway(1, 1), gateway(1, 2)] }, "signal.gateways names 1 twice"],
  ])("%s", (_name, state, expected) => {
    expect(parse(state)).toContain(expected);
  });

  const neighbour = { node: "worker2", underlayIP: "192.168.1.2", mac: "02:e9:00:00:00:02" };
  const ports = (firstPort: number, size: number) => ({ firstPort, ports: size });
  const withPorts = (own: PortBlock, others: PortBlock) => ({
    ...{ ...good, gatewayMode: "stateless" as const, portBlock: own },
    sourceNodes: [{ ...neighbour, block: others }],
  });

  test("is accepted with ports for each node", () => {
    const state = withPorts(ports(1_024, 1_024), ports(2_048, 512));
    expect(parseSignal(JSON.stringify(signal(state)), "worker1")).toEqual(signal(state));
  });

  test.each<[string, unknown, string]>([
    ["another mode", { ...good, gatewayMode: "half" }, "gatewayMode is not a gateway mode"],
    ["privileged ports", withPorts(ports(512, 512), ports(2_048, 512)), "portBlock.firstPort is not"],
    ["more ports than fit", withPorts(ports(2_048, 2_048), ports(8_192, 512)), "portBlock.ports is not"],
    ["ports between two groups", withPorts(ports(2_048, 300), ports(8_192, 512)), "portBlock is not whole groups"],
    ["a first port between", withPorts(ports(2_304, 512), ports(8_192, 512)), "portBlock is not whole groups"],
    ["ports of two nodes", withPorts(ports(2_048, 1_024), ports(2_560, 512)), "two nodes have port 2560"],
    [
      "a node twice",
      { ...good, sourceNodes: [2_048, 4_096].map((port) => ({ ...neighbour, block: ports(port, 512) })) },
      "sourceNodes names 02:e9:00:00:00:02 twice",
    ],
  ])("%s", (_name, state, expected) => {
    expect(parse(state)).toContain(expected);
  });

  test("from before there were leases it orders none", () => {
    const { lease: _, ...older } = good;
    expect(parse(older)).toMatchObject({ state: { lease: null } });
  });

  test.each<[string, unknown, string]>([
    ["no key", { ...lease, peers: [{ ...peer, publicKey: "x; reboot" }] }, "peers[0].publicKey is not an X25519 key"],
    [
      "two peers of one address",
      { ...lease, peers: [peer, { ...peer, node: "worker3" }] },
      "peers names 192.168.1.2 twice",
    ],
    [
      "an address twice",
      { ...lease, addresses: [leased, { ...leased, id: 2 }] },
      "addresses names 192.168.1.100 twice",
    ],
    ["an id twice", { ...lease, addresses: [leased, { ...leased, ip: "192.168.1.101" }] }, "addresses names 1 twice"],
    [
      "an epoch below 0",
      { ...lease, addresses: [{ ...leased, releaseEpoch: -1 }] },
      "addresses[0].releaseEpoch is not",
    ],
    [
      "no witness",
      { ...lease, witnesses: { version: 1, members: ["worker1"] } },
      "witnesses.members[0] is not a witness",
    ],
    ["no gateway", { ...lease, gatewayMacs: ["x"] }, "gatewayMacs[0] is not a MAC address"],
  ])("is refused with a lease that is not as agreed: %s", (_name, wrong, reason) => {
    const refusal = parse({ ...good, lease: wrong });
    expect(refusal).toContain("lease");
    expect(refusal).toContain(reason);
  });

  test("is refused without a generation, and when it is no JSON", () => {
    expect(parse(good, 0)).toContain("signal.generation is not an integer");
    expect(parseSignal('{"generation": 1', "worker1")).toBe("it is not JSON");
    expect(parseSignal("null", "worker1")).toBe("signal is not an object");
  });
});

describe("addresses", () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const ipv6 = fc
    .array(group, { minLength: 8, maxLength: 8 })
    .map((groups) => groups.reduce((value, each) => (value << 16n) | BigInt(each), 0n));
  const mapped = fc.integer({ min: 0, max: 0xffff_ffff }).map((value) => (0xffffn << 32n) | BigInt(value));

  test("the form that the plan writes is the one that the agent accepts, and reads back the same", () => {
    fc.assert(
      fc.property(fc.oneof(ipv6, mapped), fc.integer({ min: 0, max: 128 }), (value, length) => {
        const text = formatAddress({ family: 6, value });
        expect(isCanonicalAddress(text)).toBe(true);
        expect(parseAddress(text)).toBe(value);
        expect(isCanonicalPrefix(formatPrefix(prefixOf({ family: 6, value }, length)))).toBe(true);
      }),
    );
  });

  test("outermost prefixes cover the same addresses, and no two overlap", () => {
    const prefix = fc
      .tuple(ipv6, fc.constantFrom(0, 1, 16, 32, 33, 64, 128))
      .map(([value, length]) => formatPrefix(prefixOf({ family: 6, value }, length)));
    const within = (inner: string, outer: string) => {
      const [network = "", length = "128"] = outer.split("/");
      return isInPrefix(inner.split("/")[0] ?? "", network, Number(length));
    };
    fc.assert(
      fc.property(fc.array(prefix, { maxLength: 8 }), (prefixes) => {
        const outermost = outermostPrefixes(prefixes);
        for (const each of prefixes) expect(outermost.filter((outer) => within(each, outer))).toHaveLength(1);
        for (const each of outermost) expect(outermost.filter((outer) => within(each, outer))).toEqual([each]);
      }),
    );
  });
});

describe("a file of the CNI cache", () => {
  const entry = (changes: object = {}, result: object = {}) =>
    JSON.stringify({
      kind: "cniCacheV1",
      ifName: "eth0",
      cniArgs: [
        ["IgnoreUnknown", "1"],
        ["K8S_POD_NAMESPACE", "default"],
        ["K8S_POD_NAME", "web-1"],
        ["K8S_POD_UID", "u1"],
      ],
      result: {
        interfaces: [
          { name: "cni0", mac: "0a:00:00:00:00:01" },
          { name: "eth0", mac: "02:AA:00:00:00:05", sandbox: "/run/netns/x" },
        ],
        ips: [{ version: "4", interface: 1, address: "10.10.1.5/24" }],
        ...result,
      },
      ...changes,
    });
  const found = { namespace: "default", name: "web-1", uid: "u1", ip: "10.10.1.5", mac: "02:aa:00:00:00:05" };
  const found6 = { ...found, ip: "fd00::5" };
  const ipv6 = { interface: 1, address: "fd00::5/64" };

  test.each([
    ["as bridge writes it", entry(), [found]],
    [
      "of both families, the first address of each",
      entry({}, { ips: [ipv6, { interface: 1, address: "10.10.1.5/32" }, { interface: 1, address: "fd00::6/64" }] }),
      [found6, found],
    ],
    ["an address that names no interface", entry({}, { ips: [{ address: "10.10.1.5/24" }] }), [found]],
    ["an address on the node's side", entry({}, { ips: [{ interface: 0, address: "10.10.1.1/24" }] }), []],
    ["IPv6 only, in a form of its own", entry({}, { ips: [{ ...ipv6, address: "FD00:0::05/64" }] }), [found6]],
    ["a link-local address with its zone", entry({}, { ips: [{ ...ipv6, address: "fe80::5%eth0/64" }] }), []],
    ["a plugin that reports no interfaces", entry({}, { interfaces: undefined }), []],
    ["a secondary network", entry({ ifName: "net1" }), []],
    ["the loopback, without a pod's identity", entry({ cniArgs: [] }), []],
    [
      "without a uid",
      entry({
        cniArgs: [
          ["K8S_POD_NAMESPACE", "d"],
          ["K8S_POD_NAME", "n"],
        ],
      }),
      [],
    ],
    ["another kind", entry({ kind: "cniCacheV2" }), []],
    ["half-written", entry().slice(0, 200), []],
    ["empty", "", []],
    ["not an object", "[1]", []],
    ["of unexpected shapes", entry({ cniArgs: "x", result: { ips: {}, interfaces: 3 } }), []],
  ])("%s", (_name, text, expected) => {
    expect(parseCacheEntry(text)).toEqual(expected);
  });
});

test.each([
  ["known by namespace, name, uid and address", [pod("10.10.1.5", null)], [attachment("10.10.1.5")], ["10.10.1.5"]],
  ["of another uid: held", [pod("10.10.1.5", null)], [{ ...attachment("10.10.1.5"), uid: "older" }], []],
  [
    "of another address than the API server says: held",
    [{ ...pod("10.10.1.5", null), ips: ["10.10.1.9"] }],
    [attachment("10.10.1.5")],
    [],
  ],
  [
    "without an address in the state: the cache's",
    [{ ...pod("10.10.1.5", null), ips: [] }],
    [attachment("10.10.1.5")],
    ["10.10.1.5"],
  ],
  ["not in the state: no element", [], [attachment("10.10.1.5")], []],
  [
    "with two addresses: both",
    [pod("10.10.1.5", null, "fd00:10:1::5")],
    [attachment("10.10.1.5"), attachment("fd00:10:1::5")],
    ["10.10.1.5", "fd00:10:1::5"],
  ],
  [
    "with two addresses of which one is known: that one",
    [pod("10.10.1.5", null, "fd00:10:1::5")],
    [attachment("fd00:10:1::5")],
    ["fd00:10:1::5"],
  ],
  [
    "without an address in the state: the cache's newest of each family",
    [{ ...pod("10.10.1.5", null), ips: [] }],
    [attachment("10.10.1.5"), attachment("fd00:10:1::5"), { ...attachment("10.10.1.5"), ip: "10.10.1.9" }],
    ["10.10.1.5", "fd00:10:1::5"],
  ],
  [
    "two pods with one address and MAC address: both held",
    [pod("10.10.1.5", null), { ...pod("10.10.1.6", null), ips: [] }],
    [attachment("10.10.1.5"), { ...attachment("10.10.1.6"), ip: "10.10.1.5", mac: attachment("10.10.1.5").mac }],
    [],
  ],
])("a pod %s", (_name, pods, attachments, known) => {
  expect(matchPods(pods, attachments).known.map(({ ip }) => ip)).toEqual(known);
});

test("a pod is listed as unknown while one of its addresses is", () => {
  const dual = pod("10.10.1.5", null, "fd00:10:1::5");
  const attachments = [attachment("10.10.1.5"), attachment("fd00:10:1::5")];
  expect(matchPods([dual], attachments).unknown).toEqual([]);
  expect(matchPods([dual], attachments.slice(1)).unknown).toEqual([dual]);
});

test.each([
  [["10.1.0.0/16", "10.0.0.0/8", "10.0.0.0/8"], ["10.0.0.0/8"]],
  [["0.0.0.0/0", "198.51.100.0/24"], ["0.0.0.0/0"]],
  [
    ["203.0.113.7/32", "10.0.0.0/9", "10.128.0.0/9"],
    ["10.0.0.0/9", "10.128.0.0/9", "203.0.113.7"],
  ],
  [
    ["fd00:1::/32", "fd00::/16", "::1/128"],
    ["::1", "fd00::/16"],
  ],
  [["::/0", "2001:db8::/32"], ["::/0"]],
  [[], []],
])("outermost prefixes of %j", (cidrs, expected) => {
  expect(outermostPrefixes(cidrs)).toEqual(expected);
});

describe("files", async () => {
  const folder = await mkdtemp(join(tmpdir(), "nodeagent-"));
  afterAll(() => rm(folder, { recursive: true }));

  test("the state file gives back what was written, and says what is wrong with it otherwise", async () => {
    const file = openStateFile(join(folder, "new", "state.json"), "worker1");
    expect(await file.read()).toBeNull();
    await file.write(signal(good, 3));
    expect(await file.read()).toEqual(signal(good, 3));
    await writeFile(join(folder, "new", "state.json"), "");
    expect(await file.read()).toBe("it is not JSON");
    expect(await readFile(join(folder, "new", "state.json.new"), "utf8").catch(() => "gone")).toBe("gone");
  });

  test("a CNI cache that does not exist has no pods", async () => {
    expect(await openCniCache(join(folder, "nonesuch")).read()).toEqual([]);
  });
});

test("the wait doubles up to its bound, less a random half, and is short again after a success", () => {
  const backoff = createBackoff(200, 1_000, () => 1);
  expect([1, 2, 3, 4, 5].map(() => backoff.nextMs())).toEqual([200, 400, 800, 1_000, 1_000]);
  backoff.reset();
  expect(backoff.nextMs()).toBe(200);
  expect(createBackoff(200, 1_000, () => 0).nextMs()).toBe(100);
});

test("calls made while the work runs make it run once more", async () => {
  let runs = 0;
  const run = coalesce(async () => {
    runs += 1;
    await Promise.resolve();
  });
  await Promise.all([run(), run(), run()]);
  expect(runs).toBe(2);
  await run();
  expect(runs).toBe(3);
});
