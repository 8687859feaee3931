/** Promises of the gateway and of the lab itself, told by the packets that the outside host sees. Every test has its own lab. */
import { readdirSync, readlinkSync } from "node:fs";
import { cp, mkdtempDisposable, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Workstation } from "./demo/workstation.ts";
import { firstOutcome, type Lab } from "./lab.ts";
import { findLab } from "./namespaces.ts";
import { startLab } from "./started.ts";
import { until } from "./until.ts";

const QUICKSTART = "examples/quickstart";
const DUAL_STACK = "examples/dual-stack";
const POLICY = "alice-paul.yaml";
const IPV6_POLICY = "alice-ipv6.yaml";
const GROUP = "default-gateway-group.yaml";
const FLOATING_IP = "192.168.1.100";
const FLOATING_IPV6 = "fd00:1::100";
const SELECTED = "alice/frontend-1";
const UNSELECTED = "carol/frontend-1";

describe("a policy", () => {
  // Nothing is waited for after "applied": the status must be true when it is told.
  test("changes the source of selected pods while it is in force, and of no other pod", async () => {
    await using manifests = await mkdtempDisposable(join(tmpdir(), "manifests-"));
    await cp(join(QUICKSTART, "cluster.yaml"), join(manifests.path, "cluster.yaml"));
    await using lab = await startLab(manifests.path);
    const station = await Workstation.clone(lab);
    expect(await sources(lab)).toEqual({ selected: nodeIP(lab, SELECTED), unselected: nodeIP(lab, UNSELECTED) });

    for (const file of [GROUP, POLICY]) station.write(file, await readFile(join(QUICKSTART, file), "utf8"));
    await pushUntil(lab, station, "applied");
    expect(await sources(lab)).toEqual({ selected: FLOATING_IP, unselected: nodeIP(lab, UNSELECTED) });

    station.remove(POLICY);
    await pushUntil(lab, station, "applied");
    expect(await sources(lab)).toEqual({ selected: nodeIP(lab, SELECTED), unselected: nodeIP(lab, UNSELECTED) });
  });

  test("of IPv6 changes the source of IPv6 connections alone", async () => {
    await using manifests = await mkdtempDisposable(join(tmpdir(), "manifests-"));
    await cp(DUAL_STACK, manifests.path, { recursive: true });
    await rm(join(manifests.path, IPV6_POLICY));
    await using lab = await startLab(manifests.path, { ipv6: true });
    const station = await Workstation.clone(lab);
    const ipv4 = await sources(lab);
    expect(ipv4).toEqual({ selected: FLOATING_IP, unselected: nodeIP(lab, UNSELECTED) });
    expect(await sources(lab, 6)).toEqual({ selected: nodeIPv6(lab, SELECTED), unselected: nodeIPv6(lab, UNSELECTED) });

    station.write(IPV6_POLICY, await readFile(join(DUAL_STACK, IPV6_POLICY), "utf8"));
    await pushUntil(lab, station, "applied");
    expect(await sources(lab, 6)).toEqual({ selected: FLOATING_IPV6, unselected: nodeIPv6(lab, UNSELECTED) });
    expect(await sources(lab)).toEqual(ipv4);

    station.remove(IPV6_POLICY);
    await pushUntil(lab, station, "applied");
    expect(await sources(lab, 6)).toEqual({ selected: nodeIPv6(lab, SELECTED), unselected: nodeIPv6(lab, UNSELECTED) });
    expect(await sources(lab)).toEqual(ipv4);
  });

  test("stays as it is when a later commit is broken", async () => {
    await using lab = await startLab(QUICKSTART);
    const station = await Workstation.clone(lab);
    const [before, addresses] = [await sources(lab), await nodeAddresses(lab)];

    const group = await station.git("show", `HEAD:${GROUP}`);
    station.write(GROUP, `${group.replace("spec:", "spec")}\n`);
    station.remove(POLICY);
    await pushUntil(lab, station, "rejected");

    expect(await sources(lab)).toEqual(before);
    expect(await nodeAddresses(lab)).toEqual(addresses);
  });
});

describe("egress does not depend on", () => {
  test("the reconciler: while it is away packets flow, and when it is back nothing has moved", async () => {
    await using lab = await startLab(QUICKSTART);
    const [holders, addresses] = [await floatingIPs(lab), await nodeAddresses(lab)];
    expect(holders).toHaveProperty([FLOATING_IP]);

    await lab.control("reconciler", "stop");
    expect(await lab.reconcilerStatus()).toBeUndefined();
    expect(await lab.sourceSeen(SELECTED)).toBe(FLOATING_IP);
    await lab.control("reconciler", "start");
    expect((await firstOutcome(lab)).outcome).toBe("applied");

    expect(await floatingIPs(lab)).toEqual(holders);
    expect(await nodeAddresses(lab)).toEqual(addresses);
    expect(await lab.sourceSeen(SELECTED)).toBe(FLOATING_IP);
  });

  test("the agents: stopped, they leave their rules and addresses in the kernel", async () => {
    await using lab = await startLab(QUICKSTART);
    const [before, addresses] = [await sources(lab), await nodeAddresses(lab)];
    const agents = lab.topology.nodes.map(({ name }) => `agent-${name}`);

    for (const agent of agents) await lab.control(agent, "stop");
    const running = (await lab.processes()).filter(({ pid }) => pid !== undefined).map(({ name }) => name);
    expect(running).not.toEqual(expect.arrayContaining([expect.stringMatching(/^agent-/)]));

    expect(before.selected).toBe(FLOATING_IP);
    expect(await sources(lab)).toEqual(before);
    expect(await nodeAddresses(lab)).toEqual(addresses);
  });
});

describe("a lab", () => {
  test("leaves no process when its init is killed", async () => {
    await using lab = await startLab(QUICKSTART);
    const { name, initPid } = lab.running;
    const namespace = pidNamespace(initPid) as string;
    expect(processesIn(namespace).length).toBeGreaterThan(lab.topology.nodes.length);
    const ended = lab.ended();

    process.kill(initPid, "SIGKILL");
    await ended;
    await until("the lab to be gone", () => findLab(name) === undefined);
    await until("its last process to be gone", () => processesIn(namespace).length === 0);
  });

  test("sees its own traffic only, with another one beside it", async () => {
    await using first = await startLab(QUICKSTART);
    await using second = await startLab(QUICKSTART);
    expect(await first.sourceSeen(SELECTED)).toBe(FLOATING_IP);
    expect(await second.sourceSeen(UNSELECTED)).toBe(nodeIP(second, UNSELECTED));
    expect((await first.sightings()).map(({ source }) => source)).toEqual([FLOATING_IP]);
    expect((await second.sightings()).map(({ source }) => source)).toEqual([nodeIP(second, UNSELECTED)]);
  }, 40_000);
});

/** A lab of three nodes whose first commit is in force. */
async function pushUntil(lab: Lab, station: Workstation, outcome: string): Promise<void> {
  const { commit } = await station.push(`A commit to be ${outcome}`);
  await until(`the commit to be ${outcome}`, async () => {
    const head = (await lab.reconcilerStatus())?.head;
    return head?.commit === commit && head.outcome === outcome;
  });
}

async function sources(
  lab: Lab,
  family: 4 | 6 = 4,
): Promise<{ selected: string | undefined; unselected: string | undefined }> {
  const [selected, unselected] = [SELECTED, UNSELECTED].map((pod) => lab.sourceSeen(pod, 2_000, family));
  return { selected: await selected, unselected: await unselected };
}

function nodeIP(lab: Lab, pod: string): string | undefined {
  return nodeOf(lab, pod)?.lanIP;
}

function nodeIPv6(lab: Lab, pod: string): string | undefined {
  return nodeOf(lab, pod)?.lanIPv6;
}

function nodeOf(lab: Lab, pod: string): Lab["topology"]["nodes"][number] | undefined {
  const { node } = lab.pod(pod);
  return lab.topology.nodes.find(({ name }) => name === node);
}

/**
 * Which device has which address, by node, as its kernel tells it; without the progress of IPv6's duplicate address
 * detection, which changes by itself.
 */
async function nodeAddresses(lab: Lab): Promise<Record<string, string[]>> {
  const entries = lab.topology.nodes.map(async ({ name }) => {
    const links = JSON.parse((await lab.exec(name, ["ip", "-j", "addr"])).stdout) as Link[];
    const addresses = links.flatMap(({ ifname, addr_info }) =>
      addr_info.map(({ local, prefixlen }) => `${ifname} ${local}/${prefixlen}`),
    );
    return [name, addresses] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

interface Link {
  readonly ifname: string;
  readonly addr_info: readonly { readonly local: string; readonly prefixlen: number }[];
}

/** Node by floating IP, as the reconciler planned it. */
async function floatingIPs(lab: Lab): Promise<Record<string, string>> {
  const status = (await lab.reconcilerStatus()) as { floatingIPs?: Record<string, string> } | undefined;
  if (!status?.floatingIPs) throw new Error("the reconciler does not tell its floating IPs");
  return status.floatingIPs;
}

function pidNamespace(pid: number): string | undefined {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    // Ended while it was looked at, or someone else's.
    return undefined;
  }
}

function processesIn(namespace: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pidNamespace(pid) === namespace);
}
