/** The outside witness: every frame under an address, taken at the ports of the switch. */
import { spawn } from "node:child_process";
import { familyOf, parseAddress } from "../../../nodeagent/addresses.ts";
import { until } from "../../lab/until.ts";
import { type Capture, capture } from "../gate/capture.ts";
import { deviceOf } from "../gate/segment.ts";
import { sh } from "../network.ts";
import type { SeenFrame } from "./holders-seen.ts";
import { nameOf, type Worker } from "./place.ts";

export interface Ports {
  since(atMs: number): readonly SeenFrame[];
  /** Half a second without gates, all nodes with the address: what two holders look like. */
  withoutGates(): Promise<readonly SeenFrame[]>;
}

const NEGATIVE_CONTROL_MS = 500;

/**
 * Resolves when frames of the holder are seen; without being asked it may be silent.
 *
 * @param ip `floating(1)` of either family
 * @param asked by the outside host, every few milliseconds; agents take that for a stranger who wants the address
 */
export async function watchPorts(workers: readonly Worker[], ip: string, asked = true): Promise<Ports> {
  const ports: [Worker, Capture][] = [];
  for (const worker of workers) ports.push([worker, await capture(nameOf(worker), claimsOf(ip))]);

  const since = (atMs: number): SeenFrame[] =>
    ports.flatMap(([worker, { frames }]) =>
      frames
        .filter((frame) => frame.atMs >= atMs)
        .map((frame) => ({ by: nameOf(worker), atMs: frame.atMs, text: frame.text })),
    );
  if (asked) {
    await startProber();
    await until("the holder to answer", () => since(0).length > 0);
  }
  return {
    since,
    async withoutGates() {
      const address = familyOf(ip) === 4 ? `${ip}/32 dev eth0` : `${ip}/128 dev eth0 nodad`;
      for (const worker of workers) {
        await sh(nameOf(worker), `nft delete table netdev sallyport_lease || true; ip address add ${address} || true`);
      }
      const begunMs = Date.now();
      await new Promise((resolve) => setTimeout(resolve, NEGATIVE_CONTROL_MS));
      return since(begunMs);
    },
  };
}

async function startProber(): Promise<void> {
  const prober = new URL("../gate/prober.ts", import.meta.url).pathname;
  const outside = JSON.stringify(await deviceOf("outside"));
  spawn("nsenter", ["--net=/run/netns/outside", process.execPath, prober, outside], { stdio: "ignore" });
}

/** Whatever claims it, in tcpdump's words: an advertisement's target lies behind 40 bytes of header and 8 of its own. */
function claimsOf(ip: string): string {
  if (familyOf(ip) === 4) return `src host ${ip}`;
  const lowest = parseAddress(ip) & 0xffffffffn;
  return `src host ${ip} or (ip6[40] == 136 and ip6[60:4] == ${lowest})`;
}
