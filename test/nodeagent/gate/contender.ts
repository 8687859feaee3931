/**
 * The least agent that contends for the floating IPs: it heartbeats to an arbiter on its standard output, and follows what
 * comes back. The protocol among witnesses is another matter; this one has a single arbiter that never dies.
 *
 *     node contender.ts SCOPE
 */
import { createInterface } from "node:readline";
import { announceRepeatedly } from "../../../nodeagent/gate/announcer.ts";
import type { GateScope } from "../../../nodeagent/gate/elements.ts";
import { createFrameSender } from "../../../nodeagent/gate/frame-sender.ts";
import { openLeaseGate } from "../../../nodeagent/gate/kernel-gate.ts";
import { createNft } from "../../../nodeagent/kernel/nft/nft.ts";
import { TIMING } from "../../../nodeagent/lease/timing.ts";
import { freshKey } from "./keys.ts";
import { type Device, FLOATING, FLOATING6 } from "./segment.ts";

export interface Heartbeat {
  readonly number: number;
  /** Whether it claims the floating IPs. */
  readonly claims: boolean;
}

export interface Answer {
  readonly number: number;
  readonly says: "acknowledged" | "take" | "refused";
}

const IPS = [FLOATING, FLOATING6];
const [scope, device] = process.argv.slice(2).map((text) => JSON.parse(text)) as [GateScope, Device];
const opened = await openLeaseGate({ nft: createNft(), key: freshKey(), nowMs: () => performance.now() });
if (typeof opened === "string") throw new Error(opened);
const gate = opened;
const sender = createFrameSender(device.index, () => {});
await gate.guard(scope);
await gate.replaceMine(1, []);

let armed: Heartbeat = { number: 0, claims: false };
let claims = false;
let holds = false;

async function heartbeat(number: number): Promise<void> {
  const sent = { number, claims };
  if (!(await gate.arm(number))) return;
  armed = sent;
  console.log(JSON.stringify(sent));
}

async function follow({ number, says }: Answer): Promise<void> {
  if (number !== armed.number) return;
  const { claims: claimed } = armed;
  if (says === "refused") return leave();
  if (!(await gate.refresh(number))) return;
  if (says === "take") claims = true;
  if (claimed && claims && !holds && (await gate.changeMine(IPS, []))) {
    holds = true;
    const announcement = { mac: device.mac, ips: IPS, isMine: () => holds };
    void announceRepeatedly(sender, announcement, new AbortController().signal);
  }
}

/** First out of the kernel, then out of the claims. */
async function leave(): Promise<void> {
  if (!(await gate.changeMine([], IPS))) return;
  holds = false;
  claims = false;
}

let numbers = 0;
setInterval(() => {
  numbers += 1;
  void heartbeat(numbers);
}, TIMING.heartbeatMs);
for await (const line of createInterface({ input: process.stdin })) await follow(JSON.parse(line) as Answer);
