/** The door to the pods' kernels: frames to them, past everything on this node that judges packets. */
import type { Family } from "../addresses.ts";
import { packetSocket } from "./packet-socket.ts";
import { run, tryRun } from "./run.ts";
import { withUnnamedFile } from "./unnamed-file.ts";

interface PodDevice {
  readonly index: number;
  readonly mac: string;
}

export interface Prober {
  /** By pod address: the device behind which the pod is. Left out is what only a router would be asked for. */
  devices(family: Family, ips: readonly string[]): Promise<ReadonlyMap<string, PodDevice>>;
  /**
   * Best effort, as the wire is: the device may go at any time.
   *
   * @param frames all of one length
   */
  send(device: PodDevice, frames: readonly Buffer[]): Promise<void>;
}

export function createProber(): Prober {
  return {
    async devices(family, ips) {
      const names = await deviceNames(family, ips);
      const links = JSON.parse(await run("ip", ["-j", "link", "show"])) as readonly ListedLink[];
      const byName = new Map(links.map(({ ifname, ifindex, address }) => [ifname, { index: ifindex, mac: address }]));
      return new Map(
        [...names].flatMap(([ip, name]) => (byName.has(name) ? [[ip, byName.get(name) as PodDevice]] : [])),
      );
    },
    async send({ index }, frames) {
      const [first] = frames;
      if (first === undefined) return;
      await withUnnamedFile(Buffer.concat(frames), (path) =>
        tryRun("socat", ["-u", `-b${first.length}`, `OPEN:${path},rdonly`, packetSocket(index)]),
      );
    },
  };
}

interface ListedLink {
  readonly ifname: string;
  readonly ifindex: number;
  readonly address: string;
}

/** One command, however many pods: its answers are arrays in a row. */
async function deviceNames(family: Family, ips: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const commands = Buffer.from(ips.map((ip) => `route get ${ip}\n`).join(""));
  const { stdout } = await tryRun("ip", [`-${family}`, "-force", "-oneline", "-batch", "-"], commands);
  return new Map(
    stdout.split("\n").flatMap((line) => {
      const [, ip, device] = /^(\S+) (?:from \S+ )?dev (\S+)/.exec(line) ?? [];
      return ip === undefined || device === undefined ? [] : [[ip, device]];
    }),
  );
}
