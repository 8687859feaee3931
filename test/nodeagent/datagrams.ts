/**
 * Under which source addresses a pod's datagrams reach the outside host: one each millisecond on one flow (port 9001) and
 * one on a new flow (port 9002), counted before anything else sees the packet.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { sh } from "./network.ts";
import { podHost, witnessFor } from "./plan.ts";

const SENDER = (to: string) => `const { createSocket } = require("node:dgram");
  const flow = createSocket("udp4");
  setInterval(() => {
    flow.send("x", 9001, "${to}", () => {});
    const fresh = createSocket("udp4");
    fresh.send("x", 9002, "${to}", () => fresh.close());
  }, 1);`;

export async function sendDatagrams(podIP: string): Promise<void> {
  const command = [`--net=/run/netns/${podHost(podIP)}`, process.execPath, "-e", SENDER(witnessFor(podIP))];
  await once(spawn("nsenter", command, { stdio: "ignore" }), "spawn");
}

export async function countDatagrams(): Promise<void> {
  await sh(
    "outside",
    `nft 'add table ip witness; add set ip witness seen { typeof ip saddr . udp dport; size 65535; flags dynamic; counter; };
          add chain ip witness first { type filter hook prerouting priority -300; };
          add rule ip witness first udp dport { 9001, 9002 } update @seen { ip saddr . udp dport }'`,
  );
}

/** Since the last time, by source and port. */
export async function datagramsSeen(): Promise<ReadonlyMap<string, number>> {
  const listing = JSON.parse(await sh("outside", "nft -j list set ip witness seen"));
  await sh("outside", "nft flush set ip witness seen");
  const elements = listing.nftables.flatMap((object: { set?: { elem?: unknown[] } }) => object.set?.elem ?? []);
  return new Map(
    elements.map(({ elem }: { elem: { val: { concat: [string, number] }; counter: { packets: number } } }) => [
      elem.val.concat.join(" "),
      elem.counter.packets,
    ]),
  );
}

/** On the flow, and on new ones. */
export function wrongSources(seen: ReadonlyMap<string, number>, right: string): readonly [number, number] {
  const wrongOn = (port: number) =>
    [...seen].reduce(
      (sum, [key, packets]) => (key.endsWith(` ${port}`) && !key.startsWith(`${right} `) ? sum + packets : sum),
      0,
    );
  return [wrongOn(9001), wrongOn(9002)];
}
