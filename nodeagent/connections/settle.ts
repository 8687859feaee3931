/** Ends exactly the connections that must end, and tells both sides while the way to the server still stands. */
import { setTimeout as delay } from "node:timers/promises";
import { FAMILIES, type Family, familyOf } from "../addresses.ts";
import { ID_MASK, MAIN_TABLE, MARK_SNAT, MARK_TUNNEL } from "../constants.ts";
import type { InBackground } from "../execute.ts";
import { UDP } from "../kernel/ctnetlink.ts";
import type { Flow } from "../kernel/flows.ts";
import type { Kernel } from "../kernel/kernel.ts";
import { isOverlaySource } from "../overlay-source.ts";
import { setName } from "../skeleton/words.ts";
import { createJudge, isOpen, type Settlement } from "./judge.ts";
import { tell, toldMarks } from "./tell.ts";
import { forgottenWords, resetWords } from "./words.ts";

type Doors = Pick<Kernel, "conntrack" | "nft" | "prober">;

/**
 * What has ended keeps its entry for so long after it was told: a late packet from the server would otherwise begin an
 * entry of its own, and the pod's answer leave as it is.
 */
const FORGOTTEN_AFTER_MS = 5_000;

/** Resolves with what was done, in words. Connections whose pod does not answer are told when it sends. */
export async function settle(
  settlement: Settlement,
  doors: Doors,
  inBackground: InBackground,
): Promise<readonly string[]> {
  const words = await Promise.all(FAMILIES.map((family) => settleFamily(family, settlement, doors, inBackground)));
  return words.flat();
}

async function settleFamily(
  family: Family,
  settlement: Settlement,
  doors: Doors,
  inBackground: InBackground,
): Promise<readonly string[]> {
  const pods = settlement.pods.filter(({ ip }) => familyOf(ip) === family);
  if (pods.length === 0 && !settlement.isAnybodys) return [];
  const only = !settlement.isAnybodys && pods.length === 1 ? pods[0]?.ip : undefined;
  const flows = await doors.conntrack.list(family, only ?? null);
  const { end = [], forget = [] } = Object.groupBy(flows, createJudge(settlement));
  await markEnded(end, settlement, doors);
  await forgetFlows(family, forget, doors);
  const macs = new Map(pods.map(({ ip, mac }) => [ip, mac]));
  const open = end.filter(isOpen);
  await tell(family, open, macs, doors);
  const gone = new Set(pods.filter(({ rules }) => rules === "gone").map(({ ip }) => ip));
  if (end.length > 0) inBackground("forget connections that ended", forgetLater(family, end, gone, doors));
  return [...resetWords(open, pods), ...forgottenWords(forget)];
}

async function markEnded(flows: readonly Flow[], settlement: Settlement, { conntrack }: Doors): Promise<void> {
  const byRole = Map.groupBy(flows, (flow) => roleOf(flow, settlement));
  for (const [role, each] of byRole) await conntrack.mark(each, role);
}

/** What the server still answers on the old way would begin an entry of its own, in which the pod has the replying side. */
async function forgetFlows(family: Family, flows: readonly Flow[], { conntrack, nft }: Doors): Promise<void> {
  const answers = flows
    .filter(({ protocol, answered }) => protocol === UDP && answered)
    .map(({ server, source, sourcePort, serverPort }) => [server, serverPort, source, sourcePort].join(" . "));
  if (answers.length > 0) {
    const elements = new Map(answers.map((key) => [key, ""]));
    await nft.apply([{ do: "add-elements", table: MAIN_TABLE, set: setName("late_answers", family), elements }]);
  }
  await conntrack.delete(flows);
}

/** How its packets travel. */
function roleOf({ seenAs, source, mark }: Flow, { stateless }: Settlement): number {
  const inTunnel =
    stateless === null ? seenAs === source || isOverlaySource(seenAs) : !stateless.idsHeldHere.has(mark & ID_MASK);
  return inTunnel ? MARK_TUNNEL : MARK_SNAT;
}

/** Untold ones keep theirs, unless the pod is gone: another may get its address. */
async function forgetLater(
  family: Family,
  ended: readonly Flow[],
  gone: ReadonlySet<string>,
  { conntrack }: Doors,
): Promise<void> {
  await delay(FORGOTTEN_AFTER_MS, undefined, { ref: false });
  const ofGonePods = ended.filter(({ source }) => gone.has(source));
  const told = await Promise.all(toldMarks(ended).map((mark) => conntrack.listMarked(family, mark)));
  await conntrack.delete([...ofGonePods, ...told.flat()]);
}
