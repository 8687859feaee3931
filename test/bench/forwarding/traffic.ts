/** Traffic through a node: trafgen(8) (Debian package netsniff-ng) sends as fast as the node takes it, on one processor. */
import { writeFile } from "node:fs/promises";
import { execa } from "execa";
import { sh } from "../../nodeagent/network.ts";
import { type Flow, podFrame, tunnelFrame } from "./frames.ts";
import type { Node } from "./nodes.ts";
import { egressIdFor, NODE_IP, NODE_OVERLAY_MAC, OVERLAY, PEER_IP } from "./world.ts";

/** Where it enters the node: as pods send it, or from another node's tunnel. */
export type Entry = "pods" | "tunnel";

export interface Traffic {
  /** Opens every flow; answered: the servers have spoken, and the connections are established. */
  open(answered: boolean): Promise<void>;
  /** Resolves with the time that each of so many frames took, in nanoseconds. @throws when some did not come out again */
  send(frames: number): Promise<number>;
}

const CPU = 0;

export async function createTraffic(node: Node, flows: readonly Flow[], entry: Entry): Promise<Traffic> {
  const sender = entry === "pods" ? `${node.name}-in` : `${node.name}-out`;
  const [first] = flows;
  const file = `/run/${node.name}-${entry}-${first?.destinationIP}-${first?.sourcePort}.cfg`;
  const tunnel = { fromIP: PEER_IP, toIP: NODE_IP, innerMac: NODE_OVERLAY_MAC, ...OVERLAY };
  const lines = flows.map((flow) =>
    entry === "pods"
      ? podFrame(flow, node.podsMac)
      : tunnelFrame(flow, node.uplinkMac, node.peerMac, tunnel, egressIdFor(flow)),
  );
  await writeFile(file, lines.join("\n"));
  return {
    async open(answered) {
      await transmit(sender, file, flows.length);
      if (!answered) return;
      const replies = `${file}.replies`;
      await writeFile(replies, (await repliesTo(node)).map((flow) => podFrame(flow, node.uplinkMac)).join("\n"));
      await transmit(`${node.name}-out`, replies, flows.length);
    },
    async send(frames) {
      const before = await received(node);
      const elapsedNs = await transmit(sender, file, frames);
      const share = ((await received(node)) - before) / frames;
      if (share < 0.99) throw new Error(`${node.name}: only ${(100 * share).toFixed(1)} % of ${file} came out`);
      return elapsedNs / frames;
    },
  };
}

/** @returns processor time in nanoseconds: the kernel forwards each frame before the sender gets to the next one */
async function transmit(host: string, file: string, frames: number): Promise<number> {
  // The machine's socket buffers and interrupts are not ours to tune.
  const flags = ["--no-sock-mem", "--notouch-irq", "--cpus", "1", "--num", String(frames)];
  const command = ["taskset", "-c", String(CPU), "trafgen", "--conf", file, "--dev", "eth0", ...flags];
  const timed = ["bash", "-c", 'TIMEFORMAT="cpu %3U %3S"; time "$@" >/dev/null', "timed", ...command];
  const { stderr } = await execa("nsenter", [`--net=/run/netns/${host}`, ...timed], { stdin: "ignore" });
  const [, user, system] = /cpu (\S+) (\S+)/.exec(stderr) ?? [];
  if (system === undefined) throw new Error(`trafgen said: ${stderr}`);
  return (Number(user) + Number(system)) * 1e9;
}

/** What came out on the side of the uplink. */
async function received(node: Node): Promise<number> {
  const [link] = JSON.parse(await sh(`${node.name}-out`, "ip -s -j link show dev eth0"));
  return link.stats64?.rx.packets ?? link.stats.rx.packets;
}

/** What servers would answer, as the node's connection tracking expects it. */
async function repliesTo(node: Node): Promise<readonly Flow[]> {
  const listed = await sh(node.name, "conntrack -L -p udp --dport 9 2>/dev/null");
  const replies = listed.matchAll(/ sport=\d+ dport=9 .*?src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+)/g);
  return [...replies].map(([, sourceIP = "", destinationIP = "", sourcePort, destinationPort]) => ({
    ...{ sourceIP, destinationIP, sourceMac: node.peerMac },
    ...{ sourcePort: Number(sourcePort), destinationPort: Number(destinationPort) },
  }));
}
