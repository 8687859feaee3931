/** Ends exactly the connections that must end, and tells both sides while the way to the server still stands. */
import { setTimeout as delay } from "node:timers/promises";
import type { EgressId } from "../../policies/nodestate.ts";
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import { CT_MARK_OURS, ID_MASK, MARK_CLIENT_TOLD, MARK_SERVER_TOLD, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { Flow } from "../kernel/flows.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { createJudge, type Settlement } from "./judge.ts";
import { probeFrame } from "./probe-frame.ts";

type Doors = Pick<Kernel, "conntrack" | "prober">;

const TCP = 6;
/** The first answer of a pod tells the server, the second the pod: two, and a few for answers that are lost. */
const PROBES_MOST = 6;
/** A pod's kernel answers in microseconds. */
const PROBE_INTERVAL_MS = 20;

/** Resolves with what was done, in words. Connections whose pod does not answer are told when it sends. */
export async function settle(settlement: Settlement, doors: Doors): Promise<readonly string[]> {
  const words = await Promise.all(FAMILIES.map((family) => settleFamily(family, settlement, doors)));
  return words.flat();
}

async function settleFamily(family: Family, settlement: Settlement, doors: Doors): Promise<readonly string[]> {
  const pods = settlement.pods.filter(({ ip }) => familyOf(ip) === family);
  if (pods.length === 0 && settlement.vanishedIds.length === 0) return [];
  const judge = createJudge(settlement);
  const only = settlement.vanishedIds.length === 0 && pods.length === 1 ? pods[0]?.ip : undefined;
  const flows = Map.groupBy(await doors.conntrack.list(family, only ?? null), judge);
  const ending = flows.get("end") ?? [];
  const forgotten = flows.get("forget") ?? [];
  await markEnded(ending, doors);
  await doors.conntrack.delete(forgotten);
  const macs = new Map(pods.map(({ ip, mac }) => [ip, mac]));
  await tell(
    family,
    ending.filter(({ protocol }) => protocol === TCP),
    macs,
    doors,
  );
  return [...countedWords("reset", ending), ...countedWords("forgot", forgotten)];
}

async function markEnded(flows: readonly Flow[], { conntrack }: Doors): Promise<void> {
  const byRole = Map.groupBy(flows, ({ seenAs, source }) => (seenAs === source ? MARK_TUNNEL : MARK_SNAT));
  for (const [role, each] of byRole) await conntrack.mark(each, role);
}

async function tell(
  family: Family,
  flows: readonly Flow[],
  macs: ReadonlyMap<string, string>,
  doors: Doors,
): Promise<void> {
  if (flows.length === 0) return;
  const sources = [...new Set(flows.map(({ source }) => source))].filter((ip) => macs.has(ip));
  const devices = await doors.prober.devices(family, sources);
  const frames = Map.groupBy(
    flows.flatMap((flow) => {
      const device = devices.get(flow.source);
      const mac = macs.get(flow.source);
      return device && mac ? [{ device, frame: probeFrame(flow, device.mac, mac) }] : [];
    }),
    ({ device }) => device,
  );
  const ids = new Set(flows.map(({ mark }) => mark & ID_MASK));
  let untold = flows.length;
  for (let probes = 0; untold > 0 && probes < PROBES_MOST; probes += 1) {
    for (const [device, each] of frames)
      await doors.prober.send(
        device,
        each.map(({ frame }) => frame),
      );
    await delay(PROBE_INTERVAL_MS);
    untold -= await forgetTold(family, ids, doors);
  }
}

async function forgetTold(family: Family, ids: ReadonlySet<EgressId>, { conntrack }: Doors): Promise<number> {
  const told = MARK_SERVER_TOLD | MARK_CLIENT_TOLD;
  let count = 0;
  for (const id of ids) {
    for (const role of [MARK_TUNNEL, MARK_SNAT]) count += await conntrack.forgetMarked(family, told | role | id);
  }
  return count;
}

function countedWords(done: string, flows: readonly Flow[]): readonly string[] {
  return [...Map.groupBy(flows, ({ mark }) => mark & CT_MARK_OURS)].map(
    ([id, each]) => `${done} ${each.length} ${each.length === 1 ? "connection" : "connections"} under egress id ${id}`,
  );
}
