/**
 * Is an address in use before it is given to a node for the first time? The gate notes who else uses or wants a floating
 * IP (table.ts), so a probe only has to ask and to look there: one way for both families.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Conflict } from "./conflicts.ts";
import type { FrameSender } from "./frame-sender.ts";
import { probeFrame } from "./frames.ts";
import type { LeaseGate } from "./gate.ts";

/** RFC 5227 section 2.1.1 asks three times within seconds; the neighbours of a data centre answer in milliseconds. */
const ASKED_AFTER_MS = [0, 300, 600];
const ANSWERED_WITHIN_MS = 1_000;

/**
 * Which of the addresses somebody else uses; empty when nobody answered. They must be in the gate's scope.
 *
 * A device that is one of our gateways does not count: whether another node holds the address is the lease's question.
 */
export async function probeAddresses(
  gate: Pick<LeaseGate, "conflicts">,
  sender: FrameSender,
  mac: string,
  ips: readonly string[],
): Promise<readonly Conflict[]> {
  const frames = ips.map((ip) => probeFrame(mac, ip));
  let elapsedMs = 0;
  for (const afterMs of ASKED_AFTER_MS) {
    await delay(afterMs - elapsedMs);
    elapsedMs = afterMs;
    sender.send(frames);
  }
  await delay(ANSWERED_WITHIN_MS - elapsedMs);
  return (await gate.conflicts()).filter(({ ip, byGateway }) => !byGateway && ips.includes(ip));
}
