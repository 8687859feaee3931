/** Makes pods speak on connections that have ended, so that the kernel tells the server, and then the pod. */
import { setTimeout as delay } from "node:timers/promises";
import type { Family } from "../addresses.ts";
import { ID_MASK, MARK_CLIENT_TOLD, MARK_SERVER_TOLD, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { Flow } from "../kernel/flows.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { probeFrame } from "./probe-frame.ts";

type Doors = Pick<Kernel, "conntrack" | "prober">;

/** The first answer of a pod tells the server, the second the pod; the others are for answers that are lost. */
const PROBES_MOST = 5;
/** A pod's kernel answers in microseconds. */
const PROBE_INTERVAL_MS = 20;

/** @param macs of the pods, by address; who is not among them is told when it sends something itself */
export async function tell(
  family: Family,
  flows: readonly Flow[],
  macs: ReadonlyMap<string, string>,
  { conntrack, prober }: Doors,
): Promise<void> {
  const sources = [...new Set(flows.map(({ source }) => source))].filter((ip) => macs.has(ip));
  if (sources.length === 0) return;
  const devices = await prober.devices(family, sources);
  const frames = new Map(
    flows.flatMap((flow) => {
      const device = devices.get(flow.source);
      const mac = macs.get(flow.source);
      return device && mac ? [[keyOf(flow), { device, frame: probeFrame(flow, device.mac, mac) }] as const] : [];
    }),
  );
  const marks = toldMarks(flows);
  for (let probes = 0; frames.size > 0 && probes < PROBES_MOST; probes += 1) {
    for (const [device, each] of Map.groupBy(frames.values(), (frame) => frame.device)) {
      await prober.send(
        device,
        each.map(({ frame }) => frame),
      );
    }
    await delay(PROBE_INTERVAL_MS);
    const told = await Promise.all(marks.map((mark) => conntrack.listMarked(family, mark)));
    for (const flow of told.flat()) frames.delete(keyOf(flow));
  }
}

/** Of connections like these, when both sides were told. */
export function toldMarks(flows: readonly Flow[]): readonly number[] {
  const ids = [...new Set(flows.map(({ mark }) => mark & ID_MASK))];
  return ids.flatMap((id) => [MARK_TUNNEL, MARK_SNAT].map((role) => MARK_SERVER_TOLD | MARK_CLIENT_TOLD | role | id));
}

function keyOf({ source, sourcePort, destination, destinationPort }: Flow): string {
  return [source, sourcePort, destination, destinationPort].join(" ");
}
