/** Frames under floating IPs at the nodes' ports of the lab's switch, with the kernel's time stamps, from one socket. Needs root. */
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { Lab } from "../lab/lab.ts";
import { FLOATING_IPS } from "./manifests.ts";
import { sh, start } from "./place.ts";
import type { Frame } from "./senders.ts";

/** By the number of its host; nodes come first (test/lab/network.ts). */
export const portOf = (lab: Lab, node: string): string =>
  `lan${lab.topology.nodes.findIndex(({ name }) => name === node)}`;

/** Resolves when it listens. The outside host asks for every floating IP all the time, so that whoever holds one is heard. */
export async function capturePorts(lab: Lab, onFrame: (frame: Frame) => void): Promise<void> {
  const nodeAt = new Map(lab.topology.nodes.map(({ name }) => [portOf(lab, name), name]));
  const filter = FLOATING_IPS.map((ip) => `src host ${ip}`).join(" or ");
  const tcpdump = [
    "sh",
    "-c",
    'exec "$@" 2>&1',
    "sh",
    "tcpdump",
    "-l",
    "-nn",
    "-tt",
    "--immediate-mode",
    "-Q",
    "in",
    "-i",
    "any",
    filter,
  ];
  const child = start(lab, null, tcpdump);
  const lines = createInterface({ input: child.stdout });
  await new Promise<void>((resolve) => {
    lines.on("line", (line) => {
      if (line.startsWith("listening")) resolve();
      const frame = parseLine(line, nodeAt);
      if (frame) onFrame(frame);
    });
  });
  await startAsking(lab);
}

/** Whose frame it is, in tcpdump's words. */
const SENDERS = [
  /^IP (\d+\.\d+\.\d+\.\d+)/,
  /^ARP, Request .* tell (\d+\.\d+\.\d+\.\d+)/,
  /^ARP, (?:Reply|Announcement) (\d+\.\d+\.\d+\.\d+)/,
];

/** @returns undefined for what is not from a node's port */
export function parseLine(line: string, nodeAt: ReadonlyMap<string, string>): Frame | undefined {
  const [, seconds = "", device = "", text = ""] = /^([\d.]+) (\S+)\s+(?:In|B|M|P|Out)\s+(.*)$/.exec(line) ?? [];
  const by = nodeAt.get(device);
  const ip = SENDERS.map((sender) => sender.exec(text)?.[1]).find(Boolean);
  return by === undefined || ip === undefined ? undefined : { ip, by, atMs: Number(seconds) * 1_000 };
}

async function startAsking(lab: Lab): Promise<void> {
  const { name, lanIP } = lab.topology.outside;
  const [link] = JSON.parse(await sh(lab, name, "ip -j link show dev eth0")) as [{ ifindex: number; address: string }];
  const script = fileURLToPath(new URL("./asker.ts", import.meta.url));
  start(lab, name, [process.execPath, script, String(link.ifindex), link.address, lanIP, ...FLOATING_IPS]);
}
