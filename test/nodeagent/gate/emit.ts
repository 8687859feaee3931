/**
 * Sends what a gateway's kernel would not send by itself, in its network namespace: announcements, and advertisements
 * that hide behind another source or another target.
 *
 *     node emit.ts DEVICE_INDEX MAC
 */
import { createFrameSender } from "../../../nodeagent/gate/frame-sender.ts";
import { announcementFrames } from "../../../nodeagent/gate/frames.ts";
import { advertisementFrame } from "../../../nodeagent/kernel/advertisement.ts";
import { ALL_NODES, icmpv6Frame } from "../../../nodeagent/kernel/icmpv6-frame.ts";
import { FLOATING, FLOATING6, OTHER_FLOATING6 } from "./segment.ts";

const [index, mac = ""] = process.argv.slice(2);
const ICMPV6_MESSAGE_OFFSET = 54;

function advertisementFrom(source: string, target: string): Buffer {
  const message = advertisementFrame(mac, target).subarray(ICMPV6_MESSAGE_OFFSET);
  message.writeUInt16BE(0, 2);
  return icmpv6Frame({ sourceMac: mac, source, destination: ALL_NODES, message });
}

// Each with a program of its own: one whose frame is dropped ends.
for (const frame of [
  ...announcementFrames(mac, FLOATING),
  ...announcementFrames(mac, FLOATING6),
  advertisementFrom("fe80::bad", FLOATING6),
  advertisementFrom(FLOATING6, OTHER_FLOATING6),
  advertisementFrom(OTHER_FLOATING6, FLOATING6),
]) {
  const sender = createFrameSender(Number(index), () => {});
  sender.send([frame]);
  sender.close();
}
